/**
 * `npm run bench`: prov beside its peers on this machine, in one run, as ratios. Nothing is asserted: figures depend on the
 * machine, ratios hardly. Needs test/servers/install.sh and `npm run build`.
 *   npm run bench -- --rounds 20 --runs 200
 *   npm run bench -- truth     the source of truth alone; --memory adds what takes an hour
 *   npm run bench -- search    the search index alone
 *   npm run bench -- keys      key journals and key sets of regions alone
 *   npm run bench -- service   the verification service alone; --memory adds 100,000 keys
 *   npm run bench -- cache     the cache of verdicts alone
 */
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { registry, tool } from '../servers/endpoints.ts'
import { BIN, cleanEnv, ROOT, run, prov as runProv } from '../support/cli.ts'
import { emptyTrustedRoot } from '../support/cosign.ts'
import { manyRuns } from '../support/many-runs.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, type RunWithImage, runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { journalBench } from './journal.ts'
import { keysBench } from './keys.ts'
import { type Command, type Figure, inTurn, once, rounds } from './measure.ts'
import { movesToMongo, movesToS3, verifyAll } from './moves.ts'
import { searchBench } from './search.ts'
import { serviceBench } from './service.ts'
import { bulk, coldStarts } from './stores.ts'
import { truthBench } from './truth.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '10' },
    runs: { type: 'string', default: '1000' },
    memory: { type: 'boolean', default: false },
  },
})
const ROUNDS = Number(values.rounds)
const RUNS = Number(values.runs)

const env = cleanEnv({ COSIGN_PASSWORD: PASSWORD })
const node = (...args: readonly string[]): Command => ({ command: process.execPath, args, env })
const prov = (...args: readonly string[]): Command => node(BIN, ...args)
const cosign = (...args: readonly string[]): Command => ({ command: tool('cosign-v2'), args, env })

function print(what: string, ours: number, peer: string, theirs: number, unit: string, target: string): void {
  const figures = `${ours.toFixed(0)} ${unit} against ${theirs.toFixed(0)} ${unit} of ${peer}`
  console.log(`${what.padEnd(44)} ${(ours / theirs).toFixed(2).padStart(7)}   (target ${target}; ${figures})`)
}

async function help(): Promise<void> {
  const figures = await rounds(ROUNDS * 2, {
    empty: () => once(node('-e', '0')),
    help: () => once(prov('--help')),
    storeHelp: () => once(prov('store', '--help')),
  })
  const peer = `node -e 0, Node.js ${process.versions.node}`
  print('prov --help, wall time', figures.help.ms, peer, figures.empty.ms, 'ms', 'at most 2.0')
  print('prov store --help, wall time', figures.storeHelp.ms, peer, figures.empty.ms, 'ms', 'at most 2.0')
}

/** The executable of `npm run package`: what it weighs, and how it starts beside the package. */
async function oneFile(): Promise<void> {
  const file = join(ROOT, 'out', `prov-${process.platform}-${process.arch}`)
  if (!existsSync(file)) return console.log('the one file: not measured (npm run package makes it)')
  console.log(`the one file: ${(statSync(file).size / 1e6).toFixed(1)} MB, Node.js included`)
  const figures = await rounds(ROUNDS, {
    file: () => once({ command: file, args: ['--version'], env }),
    installed: () => once(prov('--version')),
  })
  print(
    'the one file, prov --version, wall time',
    figures.file.ms,
    'prov of npm',
    figures.installed.ms,
    'ms',
    'at most 2.0',
  )
}

/** A predicate of the same content as prov signs, for cosign to attest. */
async function predicateOf(file: string): Promise<string> {
  const { code, stdout, stderr } = await runProv(['payload', '--format', 'slsa/v1', file])
  if (code !== 0) throw new Error(stderr)
  const path = join(scratch(), 'predicate.json')
  writeFileSync(path, JSON.stringify((JSON.parse(stdout) as { predicate: unknown }).predicate))
  return path
}

/** Gives what cosign's two checks of one image took. */
async function storeAndVerify(endpoint: string, peer: string): Promise<Figure> {
  const storage = ['--storage', 'tekton,oci']
  const store = ({ file }: RunWithImage): Command => prov('store', ...storage, '--key', PRIVATE_KEY, file)
  const offline = ['--tlog-upload=false', '--yes']
  const first = await runWithImage(endpoint)
  const predicate = await predicateOf(first.file)
  const signAndAttest = ({ image }: RunWithImage): readonly Command[] => [
    cosign('sign', '--key', PRIVATE_KEY, ...offline, image),
    cosign('attest', '--key', PRIVATE_KEY, '--type', 'slsaprovenance', '--predicate', predicate, ...offline, image),
  ]
  const stored = await rounds(ROUNDS, {
    prov: async () => once(store(await runWithImage(endpoint))),
    cosign: async () => inTurn(signAndAttest(await runWithImage(endpoint))),
  })
  print(
    'prov store, one run, wall time',
    stored.prov.ms,
    `${peer} sign + attest`,
    stored.cosign.ms,
    'ms',
    'at most 0.60',
  )
  print(
    'prov store, one run, peak memory',
    stored.prov.mb,
    `${peer} sign + attest`,
    stored.cosign.mb,
    'MB',
    'at most 1.0',
  )

  await once(store(first))
  const check = ['--key', PUBLIC_KEY, '--insecure-ignore-tlog', '--trusted-root', await emptyTrustedRoot()]
  const both = [
    cosign('verify', ...check, first.image),
    cosign('verify-attestation', ...check, '--type', 'slsaprovenance', first.image),
  ]
  const verified = await rounds(ROUNDS, {
    prov: () => once(prov('verify', ...storage, '--key', PUBLIC_KEY, first.file)),
    cosign: () => inTurn(both),
  })
  print(
    'prov verify, one run, wall time',
    verified.prov.ms,
    `${peer} verify + verify-attestation`,
    verified.cosign.ms,
    'ms',
    'at most 1.0',
  )
  return verified.cosign
}

async function inBulk(): Promise<void> {
  const args = (layout: string) => [
    '--storage',
    'tekton,oci',
    '--set',
    `storage.oci.layout=${layout}`,
    '--key',
    PRIVATE_KEY,
    '--quiet',
  ]
  const singles = manyRuns(Math.min(20, RUNS))
  const layout = join(scratch(), 'layout')
  const loop: Figure = await inTurn(singles.map((file) => prov('store', ...args(layout), file)))
  const all = manyRuns(RUNS)
  const call = await once(
    prov('store', ...args(join(scratch(), 'layout')), ...all.slice(0, 1).map((file) => join(file, '..'))),
  )
  const [ours, theirs] = [RUNS / (call.ms / 1000), singles.length / (loop.ms / 1000)]
  print(
    `prov store, ${RUNS} runs in one call, rate`,
    ours,
    `a loop of single calls (${singles.length} of them)`,
    theirs,
    'runs/s',
    'at least 10',
  )
  console.log(`${''.padEnd(52)}   (peak memory of the one call ${call.mb.toFixed(0)} MB)`)
}

async function besidePeers(): Promise<void> {
  const version = /GitVersion:\s+v?(\S+)/.exec((await run(tool('cosign-v2'), ['version'])).stdout)?.[1] ?? 'unknown'
  const endpoint = registry('distribution')
  console.log(
    `prov beside its peers: medians of ${ROUNDS} rounds, ${cpus().length} cores (${cpus()[0]?.model.trim()}), distribution 3.1.2 on loopback\n`,
  )
  await help()
  await oneFile()
  const cosignChecks = await storeAndVerify(endpoint, `cosign ${version}`)
  await inBulk()
  await coldStarts(ROUNDS)
  await bulk(RUNS, manyRuns(RUNS))
  const turns = Math.min(3, ROUNDS)
  await verifyAll(
    10 * RUNS,
    turns,
    { figure: cosignChecks, peer: `cosign ${version} verify, verify-attestation` },
    print,
  )
  await movesToMongo(10 * RUNS, turns, print)
  await movesToS3(2 * RUNS, turns, print)
}

const isAll = positionals.length === 0
if (isAll) await besidePeers()
if (isAll || positionals.includes('truth')) {
  await truthBench({ rounds: ROUNDS, runs: RUNS, memory: values.memory }, print)
}
if (isAll || positionals.includes('search')) await searchBench(Math.min(RUNS, 200), print)
if (isAll || positionals.includes('keys')) {
  await journalBench(ROUNDS, print)
  await keysBench(print)
}
if (isAll || positionals.includes('cache')) {
  // What the build fills in: this one runs prov in the process of the bench.
  Object.assign(globalThis, { PROV_VERSION: 'bench' })
  await (await import('./cache.ts')).cacheBench(print)
}
if (isAll || positionals.includes('service')) await serviceBench({ rounds: ROUNDS, memory: values.memory }, print)
process.exit()
