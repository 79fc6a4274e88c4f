/** `prov conform` on backends that are sound, and on others with one flaw each: those lines fail, and no other. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ConformReport } from '../../src/conform/report.ts'
import { LINES, type Line } from '../conformance/lines.ts'
import { type Outcome, prov, ROOT } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'

const MEMORY = 'test/conform/backends/memory.mjs'
const FLAWED = 'test/conform/backends/flawed.mjs'
const ALL = Object.keys(LINES) as Line[]

async function judged(args: readonly string[]): Promise<ConformReport & { readonly outcome: Outcome }> {
  const outcome = await prov(['conform', ...args, '--json'], { timeout: 110_000 })
  return { ...(JSON.parse(outcome.stdout) as ConformReport), outcome }
}

/** Names of the lines with this result, for one kind. */
function lines(report: ConformReport, result: string, kind = 'dsse'): readonly string[] {
  return report.cases.flatMap((row) => (row.result === result && row.kind === kind ? [row.line ?? '-'] : []))
}

/** A module in a folder of its own, in which `prov` is found as if it were installed there. */
function moduleOf(source: string, name = 'backend.mjs'): string {
  const folder = scratch()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/prov'))
  writeFileSync(join(folder, name), source)
  return join(folder, name)
}

describe('a sound backend', () => {
  test('memory: what can be run passes, what cannot is listed with what is missing, exit 0', async () => {
    const report = await judged([MEMORY])
    expect(report).toMatchObject({ exit: 0, backend: 'memory', file: MEMORY, outcome: { code: 0 } })
    expect(report.cases).toHaveLength(2 * ALL.length)
    const missing = ['corrupt', 'neighbours', 'replaceDamage', 'abortDuring', 'seal', 'flat']
    const faults = ['denied', 'throttled', 'unreachable', 'timedOut', 'tooLarge']
    for (const kind of ['dsse', 'raw']) {
      expect(lines(report, 'fail', kind)).toEqual([])
      expect(lines(report, 'not_run', kind).toSorted()).toEqual([...missing, ...faults].toSorted())
      expect(lines(report, 'pass', kind)).toHaveLength(ALL.length - missing.length - faults.length)
    }
    expect(report.cases.find((row) => row.line === 'denied')?.reason).toBe('the rig has no `faults.denied`')
    expect(report.counts).toEqual({ pass: 72, fail: 0, gap: 0, not_run: 22 })
  })

  test('with a rig that can make trouble every line is run', async () => {
    const report = await judged([FLAWED])
    expect(report.cases.filter((row) => row.result !== 'pass')).toEqual([])
    expect(report.cases.map((row) => row.line)).toEqual([...ALL, ...ALL])
    expect(report.exit).toBe(0)
  })
})

describe('a flawed backend fails just the lines that its flaw breaks', () => {
  const look = ['bytes', 'spelling', 'nonAscii', 'certificates', 'severalSignatures', 'putTwice', 'resign', 'another']
  const proofs = ['logEntries', 'logProof', 'timestamps', 'proofOfOne', 'addsProof', 'proofRace']
  test.each<readonly [string, readonly string[], RegExp]>([
    ['losesSecond', ['race', 'proofRace'], /expected 1 of them, found 2/],
    ['addsNoProof', ['addsProof', 'proofRace'], /expected 'written', found 'unchanged'/],
    ['overwrites', ['resign', 'another', 'race', 'neighbours', 'diagnose'], /expected 'occupied', found 'written'/],
    [
      'altersPayload',
      [
        ...look,
        ...proofs,
        'replaceProofs',
        'race',
        'raceMany',
        'neighbours',
        'replace',
        'replaceDamage',
        'replaceConflict',
        'remove',
        'removeGone',
        'diagnose',
      ],
      /the payload: expected 'eyJf/,
    ],
    [
      'absentIsError',
      [
        'absent',
        'getMany',
        'size',
        'sizeLimit',
        'denied',
        'throttled',
        'unreachable',
        'timedOut',
        'abortBefore',
        'remove',
        'removeProofs',
        'diagnose',
        'flat',
        'close',
      ],
      /absent: there is nothing/,
    ],
    ['ignoresAbort', ['abortBefore', 'abortDuring'], /the call did not fail/],
    ['strayReceipts', ['slotsMatch', 'replace'], /slot: expected '.*', found '.*-elsewhere'/],
    ['hangs', ['close'], /^it did not end within 2 s$/],
    ['exits', ['list', 'listFound', 'diagnose', 'flat'], /^the process ended \(exit 0\)$/],
    [
      'leavesRejections',
      ['remove', 'removeProofs', 'removeGone', 'diagnose', 'flat'],
      /^an error that nobody handles: nobody waits for this$/,
    ],
    ['plainErrors', ['abortBefore', 'abortDuring'], /^it failed without a code: AbortError/],
  ])('%s', async (flaw, broken, says) => {
    const report = await judged([FLAWED, '--set', `flaw=${flaw}`, '--timeout', '2'])
    for (const kind of ['dsse', 'raw']) expect(lines(report, 'fail', kind).toSorted()).toEqual(broken.toSorted())
    expect(report.counts).toMatchObject({ pass: 2 * (ALL.length - broken.length), gap: 0, not_run: 0 })
    expect(report.cases.some(({ reason = '' }) => says.test(reason))).toBe(true)
    expect(report).toMatchObject({ exit: 3, outcome: { code: 3 } })
  })

  test('a loop that never gives way is ended too', async () => {
    const report = await judged([FLAWED, '--set', 'flaw=spins', '--timeout', '1', '--only', 'size'])
    expect(lines(report, 'fail', 'raw')).toEqual(['size', 'sizeLimit'])
    expect(lines(report, 'fail', 'dsse')).toEqual([])
  })

  test('after three lines in a row that hang the rest is not run', async () => {
    const report = await judged([FLAWED, '--set', 'flaw=hangsAlways', '--timeout', '1'])
    expect(lines(report, 'fail')).toEqual(ALL.slice(0, 3))
    expect(report.counts).toMatchObject({ fail: 3, pass: 0, not_run: 2 * ALL.length - 3 })
    expect(report.cases.at(-1)?.reason).toBe('not tried: 3 lines in a row did not end')
    expect(report.exit).toBe(3)
  })
})

describe('gaps', () => {
  test('a gap that is one is listed with its reason; one whose line holds fails', async () => {
    const report = await judged(['test/conform/backends/gaps.mjs'])
    expect(lines(report, 'gap')).toEqual(['abortBefore', 'abortDuring'])
    expect(lines(report, 'fail')).toEqual(['close'])
    expect(report.cases.find((row) => row.result === 'gap')?.reason).toBe('nothing here looks at the signal')
    expect(report.cases.find((row) => row.line === 'close')?.reason).toBe(
      'this line holds by now: take it off the known gaps',
    )
    expect(report.exit).toBe(3)
  })

  test('gaps alone prove nothing: exit 5', async () => {
    const report = await judged(['test/conform/backends/gaps.mjs', '--only', 'abort'])
    expect(report.counts).toEqual({ pass: 0, fail: 0, gap: 4, not_run: 0 })
    expect(report).toMatchObject({ exit: 5, outcome: { code: 5 } })
  })
})

describe('a bare open', () => {
  /** One memory backend for each place. */
  const shared = (place: string) => `
    import { openBackend } from 'prov'
    const places = new Map()
    const { open: openMemory } = { open: (context) => openBackend('memory', context) }
    export async function open(context) {
      const place = ${place}
      if (!places.has(place)) places.set(place, openMemory(context))
      return places.get(place)
    }`

  test.each(["context.setting('conform.place')", "context.setting('my.place')"])('%s: list too', async (place) => {
    const report = await judged([moduleOf(shared(place)), '--set', 'my.place=a/{place}/b'])
    expect(lines(report, 'pass')).toContain('list')
    expect(report.exit).toBe(0)
  })

  test('one place for all tests: all but list', async () => {
    const report = await judged([moduleOf(shared("'the one'"))])
    expect(lines(report, 'fail')).toEqual([])
    expect(report.cases.find((row) => row.line === 'list')).toMatchObject({
      result: 'not_run',
      reason: 'the tests share one place, whose list proves nothing',
    })
  })

  test('CommonJS, and a kind that is not kept', async () => {
    const source = `
      const memory = import('prov').then(({ openBackend }) => openBackend('memory', { random: (n) => crypto.getRandomValues(new Uint8Array(n)) }))
      module.exports.open = async () => {
        const backend = await memory
        const slots = (about) => about.kind === 'raw' ? [] : backend.slots(about)
        return { ...backend, slots, capabilities: { ...backend.capabilities, kinds: ['dsse'] } }
      }`
    const report = await judged([moduleOf(source, 'backend.cjs')])
    expect(lines(report, 'fail')).toEqual([])
    expect(report.cases.filter((row) => row.kind === 'raw')).toEqual([
      { kind: 'raw', says: 'not kept here, and slots says so', result: 'pass' },
    ])
    expect(report.exit).toBe(0)
  })
})

describe('what is no backend: one line, exit 2', () => {
  const whole = '{ name: "x", capabilities: { kinds: [] }, slots() {}, size() {}, put() {}, get() {}, close() {} }'
  test.each<readonly [string, string, RegExp]>([
    [
      'nothing of use',
      'export const other = 1',
      /backend_unknown: .*neither `open` nor `rig`.*docs\/backend-of-your-own\.md/,
    ],
    ['no JavaScript', 'this is not', /backend_unknown: the module could not be loaded: SyntaxError/],
    ['a throw', "throw new TypeError('not today')", /backend_unknown: .*TypeError: not today/],
    ['an import that is not there', "import 'no-such-package'", /backend_unknown: .*no-such-package.*npm install/],
    ['an exit', 'process.exit(0)', /backend_unknown: .*while it was loaded the process ended \(exit 0\)/],
    ['a stray rejection', 'await Promise.all([Promise.reject(1), 1])', /backend_unknown: .*1/],
    [
      'half a backend',
      'export const open = () => ({ name: 1, slots() {} })',
      /no name, capabilities.kinds, size, put, get/,
    ],
    ['an odd gap', `export const gaps = { clos: 'x' }; export const open = () => (${whole})`, /did you mean close\?/],
    ['a gap without a reason', `export const gaps = { close: '' }; export const open = () => (${whole})`, /no reason/],
    [
      'a wrong setting',
      "import { ProvError } from 'prov'; export const open = () => { throw new ProvError('config_invalid', 'no folder') }",
      /^prov: config_invalid: no folder/,
    ],
  ])('%s', async (_, source, expected) => {
    const { code, stdout, stderr } = await prov(['conform', moduleOf(source)])
    expect(stderr).toMatch(expected)
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 2, stdout: '', lines: 2 })
  })

  test.each<readonly [readonly string[], RegExp]>([
    [['nowhere.mjs'], /input_unreadable: nowhere.mjs is not a file/],
    [['test/conform'], /input_unreadable: test\/conform is not a file/],
    [[], /usage: missing required argument/],
    [[MEMORY, '--only', 'no such line'], /usage: no line of the suite has "no such line" in it/],
    [[MEMORY, '--set', 'nothing'], /usage: --set nothing: KEY=VALUE is wanted/],
    [[MEMORY, '--timeout', '0'], /usage: .*whole number/],
  ])('%j', async (args, expected) => {
    const { code, stdout, stderr } = await prov(['conform', ...args])
    expect(stderr).toMatch(expected)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('a module that never ends loading', async () => {
    const { code, stderr } = await prov(['conform', moduleOf('await new Promise(() => {})'), '--timeout', '1'])
    expect(stderr).toMatch(/backend_unknown: .*while it was loaded it did not end within 10 s/)
    expect(code).toBe(2)
  })

  test('--json says the same on stdout', async () => {
    const { code, stdout } = await prov(['conform', moduleOf('export {}'), '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ exit: 2, error: { code: 'backend_unknown' } })
    expect(code).toBe(2)
  })
})

describe('the process of the backend', () => {
  test('what the module prints goes to stderr; kind, name and words choose lines', async () => {
    const source = `
      import { openBackend } from 'prov'
      console.log('one of mine')
      export const rig = async (context) => {
        const backend = await openBackend('memory', context)
        context.debug('a debug line')
        return { open: () => backend }
      }`
    const outcome = await prov(['conform', moduleOf(source), '--only', 'CLOSE', '--json'])
    expect(JSON.parse(outcome.stdout)).toMatchObject({ command: 'conform', exit: 0, counts: { pass: 2 } })
    expect(outcome.stderr).toBe('one of mine\n')
    const loud = await prov(['conform', moduleOf(source), '--only', 'dsse: close', '--verbose'])
    expect(loud.stderr).toContain('a debug line\n')
    expect(loud.stdout).toMatch(/^pass {14}close: close twice is not an error$/m)
  })

  test('a module that cannot be loaded a second time: the rest is not run', async () => {
    const mark = JSON.stringify(join(scratch(), 'mark'))
    const source = `
      import { existsSync, writeFileSync } from 'node:fs'
      import { openBackend } from 'prov'
      if (existsSync(${mark})) throw new Error('one at a time')
      export const rig = async (context) => {
        const backend = await openBackend('memory', context)
        return { open: () => ({ ...backend, size: () => { writeFileSync(${mark}, ''); process.exit(7) } }) }
      }`
    const report = await judged([moduleOf(source), '--only', 'size'])
    expect(report.cases.map((row) => row.reason)).toEqual([
      'the process ended (exit 7)',
      ...Array(3).fill(
        'not tried: the module could not be loaded again: the module could not be loaded: one at a time',
      ),
    ])
    expect(report.exit).toBe(3)
  })

  test('what is sent over the channel besides is not for prov', async () => {
    const source = `
      import { openBackend } from 'prov'
      for (const message of [null, 1, 'end', {}, { type: 'other' }, { type: 'end', index: 0, result: 'pass' }]) process.send(message)
      export const rig = async (context) => ({ open: () => openBackend('memory', context) })`
    expect((await judged([moduleOf(source), '--only', 'close'])).counts).toMatchObject({ pass: 2, fail: 0 })
  })

  test('Ctrl-C ends a line that hangs, and the process with it: exit 130', async () => {
    const source = `
      import { writeFileSync } from 'node:fs'
      export const open = (context) => { writeFileSync(context.setting('pid'), String(process.pid)); for (;;); }`
    const pid = join(scratch(), 'pid')
    let told: ReturnType<typeof setInterval> | undefined
    const outcome = await prov(['conform', moduleOf(source), '--set', `pid=${pid}`], {
      started: (child) => {
        told = setInterval(() => void (existsSync(pid) && child.kill('SIGINT') && clearInterval(told)), 50)
      },
    })
    clearInterval(told)
    expect(outcome).toMatchObject({ code: 130, stdout: '' })
    expect(() => process.kill(Number(readFileSync(pid, 'utf8')), 0)).toThrow(/ESRCH/)
  })
})
