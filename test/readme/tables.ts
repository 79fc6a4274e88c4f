/** The README's tables, made from the code that they describe. */
import { BACKENDS } from '../../backends/index.ts'
import type { Context } from '../../src/backend/backend.ts'
import { program } from '../../src/cli/program.ts'
import { settingsTable } from '../../src/config/table.ts'
import { ERRORS } from '../../src/errors.ts'
import { FORMATS } from '../../src/formats/index.ts'
import type { Io } from '../../src/platform/io.ts'
import { EXITS, MARKS } from '../../src/report/text/verify-text.ts'
import { GAPS } from '../conformance/gaps.ts'
import { LINES } from '../conformance/lines.ts'

/** Some backends say what they can only when they know where. Nothing is contacted. */
const PLACES: Readonly<Record<string, string>> = {
  'storage.docdb.url': 'sqlite:prov.db',
  'storage.gcs.bucket': 'provenance',
  'storage.s3.bucket': 'provenance',
  'storage.archivista.url': 'http://127.0.0.1:1',
  'storage.grafeas.projectid': 'project',
  'storage.pubsub.provider': 'google',
  'storage.pubsub.topic': 'provenance',
  'storage.pubsub.project': 'project',
  'storage.pubsub.kafka.bootstrap.servers': '127.0.0.1:1',
}

const BEGIN = /<!-- table: ([a-z]+) -->\n[\s\S]*?<!-- end of table -->/g

/** The text with every marked table made anew. */
export async function withTables(readme: string): Promise<string> {
  const tables: Readonly<Record<string, string>> = {
    commands: commands(),
    marks: table(
      ['mark', 'meaning'],
      Object.entries(MARKS).map(([mark, meaning]) => [code(mark), meaning]),
    ),
    exits: table(
      ['exit', 'meaning'],
      Object.entries(EXITS).map(([exit, meaning]) => [exit, meaning]),
    ),
    errors: table(
      ['code', 'exit', 'retry helps', 'meaning'],
      Object.entries(ERRORS).map(([name, row]) => [
        code(name),
        String(row.exit),
        row.retryable ? 'yes' : '',
        row.meaning,
      ]),
    ),
    formats: table(
      ['format', 'kind', 'predicate type'],
      FORMATS.map((format) => [code(format.name), format.kind, format.predicateType ?? '']),
    ),
    settings: settings(),
    backends: await backends(),
    gaps: gaps(),
  }
  return readme.replaceAll(BEGIN, (whole, name: string) => {
    const made = tables[name]
    return made === undefined ? whole : `<!-- table: ${name} -->\n${made}\n<!-- end of table -->`
  })
}

function commands(): string {
  const io = { stdout: { columns: 80 }, env: {} } as unknown as Io
  const root = program(io, () => undefined)
  const all = root.commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]))
  return table(
    ['command', 'what it does'],
    all.map((command) => {
      const parent = command.parent === root || command.parent === null ? '' : `${command.parent.name()} `
      return [code(`prov ${parent}${command.name()}`), command.summary()]
    }),
  )
}

function settings(): string {
  return table(
    ['key', 'values', 'default', 'meaning'],
    settingsTable().map((row) => {
      const values = row.allowed === undefined ? row.type : row.allowed.map(code).join(' ')
      const later =
        row.later === undefined ? '' : row.later === 'every value' ? ' (later)' : ` (${row.later.join(', ')}: later)`
      return [code(row.key), values, row.default === undefined ? '' : code(row.default), `${row.meaning}${later}`]
    }),
  )
}

async function backends(): Promise<string> {
  const context: Context = {
    setting: (key) => PLACES[key],
    env: {},
    now: () => 0,
    random: (size) => new Uint8Array(size),
    debug: () => undefined,
  }
  const rows = await Promise.all(
    Object.entries(BACKENDS).map(async ([name, { load, summary }]) => {
      const open = await load()
      const backend = open.open(context)
      const { entriesPerSlot, sharedWrites, needsRun, maxEntryBytes } = backend.capabilities
      const can = (['list', 'replace', 'remove', 'seal'] as const)
        .filter((ability) => backend[ability] !== undefined)
        .join(', ')
      const most = maxEntryBytes === undefined ? '' : String(maxEntryBytes)
      return [code(name), summary, entriesPerSlot, sharedWrites, needsRun ? 'yes' : '', can, most]
    }),
  )
  return table(
    ['backend', 'where', 'entries in a slot', 'writers kept apart by', 'needs a run', 'also can', 'bytes'],
    rows,
  )
}

const SHOWS: Readonly<Partial<Record<string, string>>> = { untried: 'cannot be tried', differs: 'differs' }

/** One row for each reason of a backend and each way that it shows, however many lines it stands for. */
function gaps(): string {
  const rows = Object.entries(GAPS).flatMap(([backend, list]) => {
    const alike = Map.groupBy(list, ({ reason, shows }) => `${shows} ${reason}`)
    return [...alike.values()].map((some) => {
      const lines = [...new Set(some.map(({ line }) => LINES[line]))]
      const [first] = some
      const shows = SHOWS[first?.shows ?? ''] ?? code(first?.shows ?? '')
      return [code(backend), lines.join('; '), shows, first?.reason ?? '']
    })
  })
  return table(['backend', 'lines of the suite', 'shows as', 'why not'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
