/**
 * `npm run package`: makes what a release hands out, in out/: the npm tarball, and prov-<platform>-<arch>, one file that runs without Node.js.
 * The file is the Node.js that runs this, with prov inside (https://nodejs.org/api/single-executable-applications.html). It is for the
 * platform it was made on: the release workflow runs this once on each.
 *
 *   npm run package                   both
 *   node package.ts --only file       the file alone, from sources as they are
 *   node package.ts --only tarball    the tarball alone, from dist/ as it is
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const OUT = 'out'
/** What Node.js looks for in its own binary. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

const { values } = parseArgs({ options: { only: { type: 'string' }, to: { type: 'string', default: OUT } } })

/** What it says is shown only when it fails: postject warns of every section that Node.js has. */
function node(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (status === 0) return
  process.stderr.write(stderr)
  process.exit(1)
}

/** The blob that Node.js runs, put into a copy of its binary; there whole or not at all. */
function oneFile(to: string): string {
  node('build.ts', 'one-file')
  const config = join(OUT, 'one-file.json')
  const blob = join(OUT, 'prov.blob')
  const settings = {
    main: join(OUT, 'prov.cjs'),
    output: blob,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
  }
  writeFileSync(config, JSON.stringify(settings))
  node('--experimental-sea-config', config)
  const file = join(to, `prov-${process.platform}-${process.arch}`)
  const draft = `${file}.${process.pid}`
  copyFileSync(realpathSync(process.execPath), draft)
  chmodSync(draft, 0o755)
  if (process.platform === 'darwin') execFileSync('codesign', ['--remove-signature', draft])
  const segment = process.platform === 'darwin' ? ['--macho-segment-name', 'NODE_SEA'] : []
  node('node_modules/postject/dist/cli.js', draft, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...segment)
  if (process.platform === 'darwin') execFileSync('codesign', ['--sign', '-', draft])
  renameSync(draft, file)
  for (const path of [config, blob, join(OUT, 'prov.cjs')]) rmSync(path)
  return file
}

function tarball(to: string): string {
  const said = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', to], {
    encoding: 'utf8',
  })
  const packed = JSON.parse(said) as Readonly<Record<string, { readonly filename: string }>>
  return join(to, Object.values(packed)[0]?.filename ?? '')
}

mkdirSync(OUT, { recursive: true })
mkdirSync(values.to, { recursive: true })
const made = [
  ...(values.only === 'file' ? [] : [tarball(values.to)]),
  ...(values.only === 'tarball' ? [] : [oneFile(values.to)]),
]
for (const file of made) console.log(`${file}  ${(statSync(file).size / 1e6).toFixed(1)} MB`)
