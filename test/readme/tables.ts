/** The tables and help texts of README.md and docs/, made from the code that they describe. */

import type { Command } from 'commander'
import { BACKENDS } from '../../backends/index.ts'
import type { Backend, Capabilities, Context } from '../../src/backend/backend.ts'
import { fitHelp } from '../../src/cli/help-text.ts'
import { program } from '../../src/cli/program.ts'
import { ERRORS } from '../../src/errors.ts'
import { FORMATS } from '../../src/formats/index.ts'
import { KEY_STATUSES } from '../../src/keys/status.ts'
import type { Io } from '../../src/platform/io.ts'
import { explainable } from '../../src/report/explain/explain.ts'
import { EXITS, MARKS } from '../../src/report/text/verify-text.ts'
import { KEYS_METRICS, REGION_METRICS } from '../../src/service/keys-metrics.ts'
import { type MetricRow, SERVE_METRICS, WORKER_METRICS } from '../../src/service/metrics.ts'
import { SETTINGS_TABLE } from '../../src/setup/settings-table.ts'
import { ENTRY_STATES, STATES, TRANSITIONS } from '../../src/truth/states.ts'
import { GAPS } from '../conformance/gaps.ts'
import { LINES } from '../conformance/lines.ts'
import { KINDS, MATRIX, TOOLS } from '../trust/matrix.ts'

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

const BEGIN = /<!-- (table|help): ([-a-z]+(?: [-a-z0-9]+)?) -->\n[\s\S]*?<!-- end of \1 -->/g

/** The text with every marked table and help text made anew; `<!-- table: settings oci -->` is the part that concerns one backend. */
export async function withTables(page: string): Promise<string> {
  const rows = await backendRows()
  const [marked, known] = [page.match(/<!-- (?:table|help):/g) ?? [], page.match(BEGIN) ?? []]
  if (known.length < marked.length) throw new Error('a marked table has no end, or a name that cannot be read')
  return page.replaceAll(BEGIN, (_, kind: string, name: string) => {
    const made = kind === 'help' ? help(name) : tableCalled(name, rows)
    return `<!-- ${kind}: ${name} -->\n${made}\n<!-- end of ${kind} -->`
  })
}

function tableCalled(called: string, rows: readonly BackendRow[]): string {
  const [name = '', of] = called.split(' ')
  switch (name) {
    case 'commands':
      return commands()
    case 'marks':
      return table(
        ['mark', 'meaning'],
        Object.entries(MARKS).map(([mark, meaning]) => [code(mark), meaning]),
      )
    case 'exits':
      return table(
        ['exit', 'meaning'],
        Object.entries(EXITS).map(([exit, meaning]) => [exit, meaning]),
      )
    case 'errors':
      return errors()
    case 'explanations':
      return table(
        ['name', 'meaning', 'what causes it', 'what to do'],
        explainable().map(({ name, meaning, causes, action }) => [code(name), meaning, causes, action]),
      )
    case 'formats':
      return table(
        ['format', 'kind', 'predicate type'],
        FORMATS.map((format) => [code(format.name), format.kind, format.predicateType ?? '']),
      )
    case 'settings':
      return settings(of)
    case 'backends':
      return backends(rows)
    case 'summaries':
      return table(
        ['backend', 'where'],
        rows.map(({ name, summary }) => [`[\`${name}\`](docs/backends/${name}.md)`, summary]),
      )
    case 'backend':
      return oneBackend(rows, of ?? '')
    case 'gaps':
      return gaps(of ?? '')
    case 'states':
      return meanings(['state', 'meaning'], STATES)
    case 'entries':
      return meanings(['state', 'meaning'], ENTRY_STATES)
    case 'transitions':
      return table(
        ['from', 'to', 'by', 'when'],
        TRANSITIONS.map(({ from, to, who, when }) => [from === undefined ? '' : code(from), code(to), who, when]),
      )
    case 'metrics':
      return metrics({ serve: { ...SERVE_METRICS, ...REGION_METRICS }, keys: KEYS_METRICS }[of ?? ''] ?? WORKER_METRICS)
    case 'key-statuses':
      return table(
        ['status', 'meaning', 'signs', 'private key', 'in the public set'],
        Object.entries(KEY_STATUSES).map(([status, row]) => [
          code(status),
          row.meaning,
          row.signs ? 'yes' : 'no',
          row.privateKey,
          row.inPublicSet,
        ]),
      )
    case 'signers':
      return matrix()
    default:
      throw new Error(`no table is called ${name}`)
  }
}

function metrics(rows: Readonly<Record<string, MetricRow>>): string {
  return table(
    ['metric', 'kind', 'labels', 'meaning'],
    Object.entries(rows).map(([metric, row]) => [code(metric), row.type, row.labels.map(code).join(' '), row.help]),
  )
}

/** Who verifies what whom signed with a key of this kind. */
function matrix(): string {
  return table(
    ['key', 'signed by', ...TOOLS.map((tool) => `${tool} verifies`)],
    KINDS.flatMap((kind) =>
      Object.entries(MATRIX[kind]).map(([signer, believers]) => [
        kind,
        signer,
        ...TOOLS.map((tool) => (believers.includes(tool) ? 'yes' : 'no')),
      ]),
    ),
  )
}

function meanings(head: readonly [string, string], rows: Readonly<Record<string, string>>): string {
  return table(
    head,
    Object.entries(rows).map(([name, meaning]) => [code(name), meaning]),
  )
}

/** The program, to be asked and not to be run. */
export function commandLine(): Command {
  const io = { stdout: { columns: 80, write: () => true }, env: {} } as unknown as Io
  return program(io, () => undefined)
}

/** Names of the commands that have a page in docs/commands. */
export function commandNames(): readonly string[] {
  return commandLine().commands.map((command) => command.name())
}

/** @example help('keys generate') // what `prov keys generate --help` prints on a terminal of 80 columns */
function help(name: string): string {
  let command = commandLine()
  for (const word of name.split(' ')) {
    const next = command.commands.find((each) => each.name() === word)
    if (next === undefined) throw new Error(`no command is called ${name}`)
    command = next
  }
  const lines: string[] = []
  command.configureOutput({ writeOut: (text) => lines.push(fitHelp(text, 80)) })
  command.outputHelp()
  return `\`\`\`text\n${lines.join('').trimEnd()}\n\`\`\``
}

function commands(): string {
  const root = commandLine()
  const all = root.commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]))
  return table(
    ['command', 'what it does'],
    all.map((command) => {
      const parent = command.parent === root || command.parent === null ? undefined : command.parent.name()
      const words = parent === undefined ? command.name() : `${parent} ${command.name()}`
      return [`[\`prov ${words}\`](${parent ?? command.name()}.md)`, command.summary()]
    }),
  )
}

function errors(): string {
  return table(
    ['code', 'exit', 'retry helps', 'meaning'],
    Object.entries(ERRORS).map(([name, row]) => [
      code(name),
      String(row.exit),
      row.retryable ? 'yes' : '',
      row.meaning,
    ]),
  )
}

/** All settings, or those of one backend. */
function settings(of?: string): string {
  const own = of !== undefined && ['truth', 'worker', 'index', 'wake', 'keys', 'cache', 'serve'].includes(of)
  const begin = of === 'kafka' ? 'storage.pubsub.' : own ? `${of}.` : `storage.${of}.`
  const rows = SETTINGS_TABLE.rows.filter(({ key }) => of === undefined || key.startsWith(begin))
  if (rows.length === 0) return 'None.'
  return table(
    ['key', 'values', 'default', 'meaning'],
    rows.map((row) => {
      const values = row.allowed === undefined ? row.type : row.allowed.map(code).join(' ')
      const later =
        row.later === undefined ? '' : row.later === 'every value' ? ' (later)' : ` (${row.later.join(', ')}: later)`
      return [code(row.key), values, row.default === undefined ? '' : code(row.default), `${row.meaning}${later}`]
    }),
  )
}

interface BackendRow {
  readonly name: string
  readonly summary: string
  readonly capabilities: Capabilities
  readonly can: string
}

async function backendRows(): Promise<readonly BackendRow[]> {
  const context: Context = {
    setting: (key) => PLACES[key],
    env: {},
    now: () => 0,
    random: (size) => new Uint8Array(size),
    debug: () => undefined,
  }
  return Promise.all(
    Object.entries(BACKENDS).map(async ([name, { load, summary }]) => {
      const backend = (await load()).open(context)
      return { name, summary, capabilities: backend.capabilities, can: abilities(backend) }
    }),
  )
}

function abilities(backend: Backend): string {
  return (['list', 'replace', 'remove', 'seal'] as const).filter((ability) => backend[ability] !== undefined).join(', ')
}

function backends(rows: readonly BackendRow[]): string {
  return table(
    ['backend', 'where', 'entries in a location', 'writers kept apart by', 'needs a run', 'also can', 'bytes'],
    rows.map(({ name, summary, capabilities, can }) => [
      `[\`${name}\`](${name}.md)`,
      summary,
      capabilities.entriesPerSlot,
      capabilities.sharedWrites,
      capabilities.needsRun ? 'yes' : '',
      can,
      capabilities.maxEntryBytes === undefined ? '' : String(capabilities.maxEntryBytes),
    ]),
  )
}

function oneBackend(rows: readonly BackendRow[], of: string): string {
  const row = rows.find(({ name }) => name === of)
  if (row === undefined) throw new Error(`no backend is called ${of}`)
  const { capabilities: can } = row
  const facts: readonly (readonly [string, string])[] = [
    ['where', row.summary],
    ['keeps', can.kinds.map((kind) => (kind === 'dsse' ? 'attestations' : 'image signatures')).join(', ')],
    ['can be read', can.readable ? 'yes' : 'no: write-only'],
    ['entries in a location', can.entriesPerSlot],
    ['writers kept apart by', can.sharedWrites],
    ['needs a run', can.needsRun ? 'yes' : 'no'],
    ['also can', row.can],
    ['bytes of an entry', can.maxEntryBytes === undefined ? 'no limit of its own' : `at most ${can.maxEntryBytes}`],
  ]
  return table(['', code(of)], facts)
}

type Form = keyof typeof GAPS

/** The forms of each backend: what the suite is run on. */
function formsOf(backend: string): readonly Form[] {
  const shared = backend === 'gcs' || backend === 's3' ? ['objectsDirectory'] : backend === 'kafka' ? ['pubsub'] : []
  const isIts = (form: string): boolean =>
    shared.includes(form) || form === backend || (form.startsWith(backend) && /^[A-Z]/.test(form.slice(backend.length)))
  return (Object.keys(GAPS) as Form[]).filter(isIts)
}

const SHOWS: Readonly<Partial<Record<string, string>>> = { untried: 'cannot be tried', differs: 'differs' }

/** One row for each reason, however many lines it stands for; the forms of the backend that it concerns, where not all. */
function gaps(backend: string): string {
  const forms = formsOf(backend)
  const byReason = new Map<string, { readonly lines: string[]; readonly forms: string[] }>()
  for (const form of forms) {
    const reasons = new Map<string, Set<string>>()
    for (const { line, reason, shows } of GAPS[form]) {
      const why = `${SHOWS[shows] ?? code(shows)}\n${reason}`
      reasons.set(why, (reasons.get(why) ?? new Set()).add(LINES[line]))
    }
    for (const [reason, lines] of reasons) {
      const key = `${[...lines].join('; ')}\n${reason}`
      const row = byReason.get(key) ?? { lines: [...lines], forms: [] }
      row.forms.push(form)
      byReason.set(key, row)
    }
  }
  if (byReason.size === 0) return 'None.'
  const rows = [...byReason].map(([key, row]) => [
    row.forms.length === forms.length ? 'all' : row.forms.map(code).join(' '),
    row.lines.join('; '),
    ...key.split('\n').slice(1),
  ])
  return table(['form', 'lines of the suite', 'shows as', 'why not'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
