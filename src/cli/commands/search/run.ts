/** The work of `prov search`. */
import { ERRORS, ProvError } from '../../../errors.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonLine, jsonText } from '../../../platform/text/json-text.ts'
import { type Asked, askedTerm } from '../../../provenance/terms.ts'
import { nextText } from '../../../report/text/next-step.ts'
import {
  hitText,
  impactText,
  type ShownHit,
  shownHit,
  shownImpact,
  summaryText,
} from '../../../report/text/search-text.ts'
import { type SearchWish, searchSource } from '../../../setup/search.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { truthOf } from '../../../setup/truth.ts'
import type { Truth } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { SearchOptions } from './flags.ts'

const BY: readonly Asked[] = ['sha', 'key', 'builder', 'identity', 'run', 'image', 'type']

/** Exit 0 when something was found, 5 when nothing was. */
export async function runSearch(options: SearchOptions, io: Io): Promise<number> {
  const terms = BY.flatMap((by) => options[by].map((text) => askedTerm(by, text)))
  if (terms.length === 0) {
    throw new ProvError('usage', 'search needs to be told by what', {
      hint: `use ${BY.slice(0, -1)
        .map((by) => `--${by}`)
        .join(', ')} or --type`,
    })
  }
  const source = options.source ?? (options.index === undefined ? undefined : 'index')
  if (options.impact === true && (options.after !== undefined || source === 'index')) {
    const odd = options.source === 'index' ? '--source index' : source === 'index' ? '--index' : '--after'
    throw new ProvError('usage', `--impact counts everything in the truth: it takes no ${odd}`)
  }
  const settings = await settingsFor(options, worldOf(io, options))
  const truth = settings.get('truth.url') === undefined ? undefined : await truthOf(settings, { make: false })
  try {
    if (options.impact !== true)
      return await list(terms, options, await searchSource(settings, wishOf(source, truth)), truth, io)
    // Throws where no truth is named.
    await searchSource(settings, { source: 'truth', truth })
    return await count(terms, options, truth, io)
  } finally {
    await truth?.close()
  }
}

function wishOf(source: SearchWish['source'], truth: Truth | undefined): SearchWish {
  return source === undefined ? { truth } : { source, truth }
}

type Source = Awaited<ReturnType<typeof searchSource>>

async function list(
  terms: readonly string[],
  options: SearchOptions,
  source: Source,
  truth: Truth | undefined,
  io: Io,
): Promise<number> {
  const { after, limit } = options
  try {
    const { hits, more, complete, upTo, why } = await source.find(terms, {
      ...(after === undefined ? {} : { after }),
      limit,
    })
    const known = await truth?.standing(hits.map(({ seq }) => seq))
    const bySeq = known && new Map(known.map((one) => [one.seq, one]))
    for (const hit of hits) await tell(shownHit(hit, bySeq), options, io)
    const last = hits.at(-1)?.seq
    const exit = hits.length > 0 ? 0 : ERRORS.absent.exit
    const next = more && last !== undefined ? { text: `the same command with --after ${last}` } : undefined
    const summary = {
      source: source.name,
      found: hits.length,
      more,
      complete,
      ...(upTo === undefined ? {} : { upTo }),
      ...(why === undefined ? {} : { why }),
      copies: truth === undefined ? 'not asked' : 'as the truth has them',
      exit,
    } as const
    if (options.json === true) {
      const step = next === undefined ? {} : { next: next.text }
      await write(io.stdout, jsonLine({ command: 'search', version: VERSION, ...summary, ...step }))
    } else if (options.quiet !== true) {
      await write(io.stdout, summaryText(summary, layoutOf(io)) + nextText(next, layoutOf(io)))
    }
    return exit
  } finally {
    await source.close()
  }
}

async function tell(hit: ShownHit, options: SearchOptions, io: Io): Promise<void> {
  await write(io.stdout, options.json === true ? jsonLine(hit) : hitText(hit, layoutOf(io)))
}

async function count(
  terms: readonly string[],
  options: SearchOptions,
  truth: Truth | undefined,
  io: Io,
): Promise<number> {
  if (truth === undefined) throw new ProvError('internal', 'no truth was opened')
  const found = shownImpact(await truth.impact(terms, options.limit))
  const exit = found.entries > 0 ? 0 : ERRORS.absent.exit
  if (options.json === true) {
    await write(io.stdout, jsonText({ command: 'search', version: VERSION, impact: found, exit }))
  } else if (options.quiet !== true) await write(io.stdout, impactText(found, layoutOf(io)))
  return exit
}
