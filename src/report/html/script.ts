/**
 * The script of the page. It filters and sorts indexes and makes elements for the first of them only, more as the reader scrolls, so
 * that 10,000 rows cost no more than 100. Text is only ever set as text: the page's policy forbids anything else.
 * Its parts are plain JavaScript in browser/, one script in this order. The build puts them into the bundle in place of this module.
 */
import { readFileSync } from 'node:fs'

const PARTS: readonly string[] = ['facts', 'details', 'table', 'filters', 'heat', 'reader']

const textOf = (name: string): string => `\n${readFileSync(new URL(`browser/${name}.js`, import.meta.url), 'utf8')}`

export const SCRIPT = PARTS.map(textOf).join('')

/** The script of the service's live page. */
export const LIVE_SCRIPT = textOf('live')
