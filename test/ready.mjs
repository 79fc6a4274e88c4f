// Makes a fresh clone ready: installs and builds what is missing. Runs on any Node.js; what it starts runs on the one in
// node_modules (development dependency `node`).
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')
export const env = Object.assign({}, process.env, { PATH: bin + delimiter + process.env.PATH })

/** Runs a command in the checkout; ends this process with its status when it fails. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' })
  if (error) console.error(`${command}: ${error.message}`)
  if (status !== 0) process.exit(status === null ? 1 : status)
}

/** When the newest file in there was changed; 0 when there is none. */
function newest(path) {
  const at = join(root, path)
  if (!existsSync(at)) return 0
  if (!statSync(at).isDirectory()) return statSync(at).mtimeMs
  return Math.max(0, ...readdirSync(at).map((name) => newest(join(path, name))))
}

const SOURCES = [
  'src',
  'backends',
  'build.ts',
  'eager.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'package-lock.json',
]

/** `npm ci` where nothing is installed, and a build where dist/ is older than its sources. */
export function makeReady() {
  if (newest('node_modules/.package-lock.json') === 0) run('npm', ['ci', '--no-audit', '--no-fund'])
  const built = Math.min(newest('dist/cli.js'), newest('dist/index.js'))
  if (Math.max(...SOURCES.map(newest)) > built) run('node', ['build.ts'])
}
