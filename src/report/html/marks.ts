/** How a mark looks on the page: always its sign and its word, and a class for the colour. Pure. */
import type { Mark } from '../../verify/agree.ts'
import { MARK_WORDS } from '../forms/told.ts'
import { type Markup, markup } from './markup.ts'

export const MARK_ORDER: readonly Mark[] = ['=', '~', '*', '#', '+', '!', 'x']

export const MARK_CLASSES: Readonly<Record<Mark, string>> = {
  '=': 'm-agrees',
  '~': 'm-equivalent',
  '*': 'm-drift',
  '#': 'm-invalid',
  '+': 'm-absent',
  '!': 'm-unread',
  x: 'm-none',
}

/** @example chip('=').markup // '<span class="chip m-agrees"><b>=</b> agrees</span>' */
export function chip(mark: Mark): Markup {
  return markup`<span class="chip ${MARK_CLASSES[mark]}"><b>${mark}</b> ${MARK_WORDS[mark]}</span>`
}
