/** The work of `prov truth`. */
import { onlyThere, STRANDED_HINT, servedBy, strandedIn } from '../../../delivery/served.ts'
import { ERRORS, ProvError } from '../../../errors.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { nextText } from '../../../report/text/next-step.ts'
import { page } from '../../../report/text/verify-text.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { truthPlace } from '../../../setup/truth.ts'
import { grantsSql } from '../../../truth/grants.ts'
import {
  adoptTruth,
  backupTruth,
  migrateTruth,
  openTruth,
  shownUrl,
  sqliteFile,
  type TruthPlace,
  truthFacts,
} from '../../../truth/open.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { TruthOptions } from './flags.ts'

async function placeOf(options: TruthOptions, io: Io): Promise<TruthPlace> {
  return truthPlace(await settingsFor(options, worldOf(io, options)))
}

async function told(
  what: string,
  facts: Readonly<Record<string, unknown>>,
  line: string,
  options: TruthOptions,
  io: Io,
): Promise<void> {
  if (options.json === true) await write(io.stdout, jsonText({ command: `truth ${what}`, version: VERSION, ...facts }))
  else if (options.quiet !== true) await write(io.stdout, page([line], layoutOf(io)))
}

export async function runTruthInit(options: TruthOptions, io: Io): Promise<void> {
  const place = await placeOf(options, io)
  const before = await migrateTruth(place, { make: true })
  const { schema, id } = await truthFacts(place)
  const url = shownUrl(place.url)
  const line = before === 0 ? `made ${url}, schema ${schema}` : `${url} is there already, schema ${schema}`
  await told('init', { url, made: before === 0, schema, id }, line, options, io)
}

export async function runTruthMigrate(options: TruthOptions, io: Io): Promise<void> {
  const place = await placeOf(options, io)
  const before = await migrateTruth(place, { make: false })
  const { schema, id } = await truthFacts(place)
  const url = shownUrl(place.url)
  const line = before === schema ? `${url} has schema ${schema} already` : `${url}: schema ${before} became ${schema}`
  await told('migrate', { url, before, schema, id }, line, options, io)
}

/** Exit 6 for damage, 7 when something is owed to a backend that no worker serves. */
export async function runTruthCheck(options: TruthOptions, io: Io): Promise<number> {
  const place = await placeOf(options, io)
  const facts = await truthFacts(place)
  const truth = await openTruth(place, { make: false })
  try {
    const [backlog, { workers, without }] = [await truth.backlog(), await servedBy(truth)]
    const unserved = without(backlog.map(({ target }) => target))
    const stranded = (await strandedIn(truth)).map((one) => ({ ...one, text: onlyThere(one, io.now()) }))
    const isLeft = unserved.length + stranded.length > 0
    const exit = facts.damage.length > 0 ? ERRORS.storage_io.exit : isLeft ? ERRORS.no_worker.exit : 0
    const start = 'start prov worker with these backends in --storage'
    const next = isLeft ? { text: unserved.length > 0 ? start : STRANDED_HINT } : undefined
    const url = shownUrl(place.url)
    if (options.json === true) {
      const step = next === undefined ? {} : { next: next.text }
      const json = {
        command: 'truth check',
        version: VERSION,
        exit,
        url,
        ...facts,
        backlog,
        workers,
        unserved,
        stranded: stranded.map(({ host, rows, seenMs }) => ({ host, rows, seenMs })),
        ...step,
      }
      await write(io.stdout, jsonText(json))
    } else if (options.quiet !== true || exit !== 0) {
      const lines = [
        `${url}: schema ${facts.schema}, ${workers.length} ${workers.length === 1 ? 'worker' : 'workers'} in the last 10 min`,
        ...facts.damage.map((line) => `damaged: ${line}`),
        ...(facts.withoutTerms > 0
          ? [`not found by search yet: ${facts.withoutTerms}; prov truth migrate adds them`]
          : []),
        ...backlog.map(
          ({ target, state, rows }) =>
            `owed: ${target}, ${rows} ${state}${unserved.includes(target) ? ', no worker serves it' : ''}`,
        ),
        ...stranded.map(({ text }) => text),
        ...(backlog.length === 0 ? ['nothing is owed'] : []),
      ]
      await write(io.stdout, page(lines, layoutOf(io)) + nextText(next, layoutOf(io)))
    }
    return exit
  } finally {
    await truth.close()
  }
}

export async function runTruthAdopt(options: TruthOptions, io: Io): Promise<void> {
  const place = await placeOf(options, io)
  await adoptTruth(place)
  const { id, schema } = await truthFacts(place)
  const url = shownUrl(place.url)
  await told('adopt', { url, schema, id }, `${url} is in use again; nobody holds a delivery of before`, options, io)
}

export async function runTruthBackup(file: string, options: TruthOptions, io: Io): Promise<void> {
  const place = await placeOf(options, io)
  await backupTruth(place, file)
  await told('backup', { url: shownUrl(place.url), file }, `copied ${shownUrl(place.url)} to ${file}`, options, io)
}

export async function runTruthGrants(options: TruthOptions, io: Io): Promise<void> {
  const settings = await settingsFor(options, worldOf(io, options))
  const url = settings.get('truth.url')
  if (url !== undefined && sqliteFile(url) !== undefined) {
    throw new ProvError(
      'usage',
      'SQLite has no roles: who may use the truth is a matter of the permissions of its file',
    )
  }
  const sql = grantsSql(settings.get('truth.schema') ?? 'public')
  await write(io.stdout, options.json === true ? jsonText({ command: 'truth grants', version: VERSION, sql }) : sql)
}
