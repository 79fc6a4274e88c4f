/**
 * `npm run build`: bundles the command line and the library into dist/, with one chunk for each lazy `import()`, and writes the
 * library's declarations. Names in stack traces and error classes stay what they are in the source.
 *
 * `node build.ts one-file`: bundles the command line alone, as the one CommonJS file out/prov.cjs that package.ts puts into an executable.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin, transformSync } from 'esbuild'
import { compileAtOnce } from './eager.ts'
import { LIVE_SCRIPT, SCRIPT } from './src/report/html/script.ts'
import { SCHEMAS } from './src/report/schemas/index.ts'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }

/**
 * CommonJS dependencies call `require('http')`, which an ES module does not have. Asking the process for the built-in needs
 * neither a `createRequire` banner in every chunk nor the module loader.
 */
const builtins: Plugin = {
  name: 'builtins-of-commonjs',
  setup(b) {
    b.onResolve({ filter: /.*/ }, ({ kind, path }) =>
      kind === 'require-call' && isBuiltin(path) ? { path, namespace: 'builtin' } : null,
    )
    b.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

/**
 * Importing a built-in as an ES module makes Node read every one of its exports, and reading node:http's loads its whole fetch
 * and WebSocket client: 20 ms that no command of prov needs. So the chunks ask the process for their built-ins instead.
 */
function withoutFacades(code: string): string {
  const statement = /^import (?:(\w+)(?:, )?)?(?:\{([^}]*)\}|\* as (\w+))? ?from "([\w:/]+)";$/gm
  return code.replace(statement, (all, whole, named, star, name) => {
    if (!isBuiltin(name)) return all
    const source = `process.getBuiltinModule(${JSON.stringify(name)})`
    if (isLate(name, named)) return late(source, [whole, star].filter(Boolean), named)
    const lines = [whole, star].filter(Boolean).map((binding) => `const ${binding} = ${source};`)
    if (named !== undefined) lines.push(`const {${named.replaceAll(' as ', ': ')}} = ${source};`)
    return lines.join(' ')
  })
}

/** From this length on blanks count, in bytes. */
const LARGE = 400_000

/** True for a large chunk with nothing of prov's core in it: an SDK, with its backend at most. */
function isForeign(output: Metafile['outputs'][string] | undefined): boolean {
  if (output === undefined || output.bytes < LARGE) return false
  return Object.keys(output.inputs).every((path) => !path.startsWith('src/'))
}

/** A third of what SDKs weigh is blanks. Names stay what they are. */
function withoutBlanks(code: string): string {
  return transformSync(code, { minifyWhitespace: true }).code
}

/** Functions of built-ins that take long to load and that few commands call: the built-in is asked for when one of them is called. */
const LATE: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': ['fork', 'spawn'],
  'node:net': ['isIPv6'],
  'node:sea': ['isSea'],
}

function isLate(name: string, named = ''): boolean {
  return (
    name in LATE &&
    named.split(',').every((one) => one.trim() === '' || LATE[name]?.includes(one.trim().split(' ')[0] ?? ''))
  )
}

function late(source: string, wholes: readonly string[], named = ''): string {
  const objects = wholes.map((binding) => `const ${binding} = new Proxy({}, { get: (_, key) => ${source}[key] });`)
  const functions = named.split(',').filter((one) => one.trim() !== '')
  const lines = functions.map((one) => {
    const [theirs, ours = theirs] = one.trim().split(' as ')
    return `const ${ours} = (...args) => ${source}.${theirs}(...args);`
  })
  return [...objects, ...lines].join(' ')
}

/**
 * What nearly every part of the program uses. Each lazily loaded part imports this, so that all of it lands in one chunk: left to itself
 * the bundler makes a file of its own for every combination of parts that share a module, and a command would load sixty of them, at half
 * a millisecond each.
 */
const CORE = [
  'backends/index.ts',
  'backends/shared/configured.ts',
  'backends/shared/image-key.ts',
  'backends/shared/names-subject.ts',
  'backends/shared/one-signature.ts',
  'backends/shared/pages.ts',
  'backends/shared/settings.ts',
  'src/backend/receipt.ts',
  'src/cli/given.ts',
  'src/cli/terminal.ts',
  'src/cli/world.ts',
  'src/config/unsupported-settings.ts',
  'src/config/value.ts',
  'src/doctor/backend.ts',
  'src/formats/index.ts',
  'src/input/read.ts',
  'src/keys/password.ts',
  'src/kubernetes/runs.ts',
  'src/migrate/migrate.ts',
  'src/platform/async/coalesce.ts',
  'src/platform/async/deadline.ts',
  'src/platform/async/limit-heap-growth.ts',
  'src/platform/fs/atomic-write.ts',
  'src/platform/fs/files.ts',
  'src/platform/fs/lock-file.ts',
  'src/platform/fs/make-folders.ts',
  'src/platform/http/network-error.ts',
  'src/platform/http/roots.ts',
  'src/platform/one-file.ts',
  'src/platform/progress.ts',
  'src/platform/sqlite-codes.ts',
  'src/platform/text/command-line.ts',
  'src/platform/text/duration.ts',
  'src/platform/text/json-text.ts',
  'src/platform/text/pem-text.ts',
  'src/platform/text/strict-json.ts',
  'src/platform/text/suggest.ts',
  'src/repair/repair.ts',
  'src/report/forms/form.ts',
  'src/report/forms/told.ts',
  'src/report/schemas/index.ts',
  'src/report/text/attention-table.ts',
  'src/report/text/attention.ts',
  'src/report/text/next-step.ts',
  'src/report/text/reasons.ts',
  'src/report/text/verify-text.ts',
  'src/setup/backends.ts',
  'src/setup/end-calls.ts',
  'src/setup/filters.ts',
  'src/setup/formats.ts',
  'src/setup/keys.ts',
  'src/setup/refuse-blind.ts',
  'src/setup/settings.ts',
  'src/setup/whole-backends.ts',
  'src/signing/open-signer.ts',
  'src/store/store.ts',
  'src/verify/survey.ts',
  'src/verify/verify.ts',
  'src/version.ts',
]

/** The same for the parts of oci, most of which are in use whenever one of them is. */
const OCI = [
  'backends/oci/bundles/layout.ts',
  'backends/oci/connect.ts',
  'backends/oci/failure.ts',
  'backends/oci/registry/docker-config.ts',
  'backends/oci/registry/hosts.ts',
  'backends/oci/settings.ts',
  'backends/oci/tags/layout.ts',
  'backends/oci/tags/read.ts',
  'backends/oci/tags/readback.ts',
  'backends/oci/tags/writes.ts',
]

/** The same for docdb, and for gcs and s3. */
const DOCDB = [
  'backends/docdb/address.ts',
  'backends/docdb/json.ts',
  'backends/docdb/layout.ts',
  'backends/docdb/settings.ts',
  'backends/docdb/size.ts',
]
const OBJECTS = [
  'backends/gcs/settings.ts',
  'backends/objects/address.ts',
  'backends/objects/backend.ts',
  'backends/objects/directory.ts',
  'backends/objects/layout.ts',
  'backends/objects/store.ts',
]

const SHARED_BY: Readonly<Record<string, string>> = {
  oci: 'oci',
  docdb: 'docdb',
  gcs: 'objects',
  s3: 'objects',
  objects: 'objects',
}

const COMMANDS = 'src/cli/commands'

/** Commands over a source of truth, and the service: no other command loads what they need. */
const APART: readonly string[] = ['outbox', 'reconcile', 'search', 'serve', 'truth', 'worker']

/** The work of the other commands. Names that two of them export would be dropped without a word. */
function works(): readonly string[] {
  const names = readdirSync(COMMANDS).filter(
    (name) => !APART.includes(name) && existsSync(`${COMMANDS}/${name}/run.ts`),
  )
  const files = names.map((name) => `${COMMANDS}/${name}/run.ts`)
  const exported = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)].map(([, name]) => name),
  )
  const twice = exported.find((name, at) => exported.indexOf(name) !== at)
  if (twice !== undefined) throw new Error(`two commands export ${twice}`)
  return files
}

function importsOf(paths: readonly string[]): string {
  return paths.map((path) => `import ${JSON.stringify(`./${path}`)}\n`).join('')
}

/** The modules that are made here: nothing but the bundler needs them. */
const MADE: Readonly<Record<string, string>> = {
  core: importsOf(CORE),
  oci: importsOf(OCI),
  docdb: importsOf(DOCDB),
  objects: importsOf(OBJECTS),
  // The work of every command as one module: one file to load whichever command runs, instead of a dozen small ones that they share.
  work: importsOf(works()).replaceAll('import ', 'export * from '),
}

/** Commands load their work from the one module of most work. */
const oneWork: Plugin = {
  name: 'one-work',
  setup(b) {
    b.onResolve({ filter: /^\.\/run\.ts$/ }, ({ kind, importer }) =>
      kind === 'dynamic-import' && importer.endsWith('command.ts') && !APART.includes(basename(dirname(importer)))
        ? { path: 'work', namespace: 'made' }
        : null,
    )
    b.onResolve({ filter: /^made:/ }, ({ path }) => ({ path: path.slice('made:'.length), namespace: 'made' }))
    b.onLoad({ filter: /.*/, namespace: 'made' }, ({ path }) => ({
      contents: MADE[path] ?? '',
      loader: 'ts',
      resolveDir: '.',
    }))
  },
}

/** The page's script is read from its files when prov runs from source; the bundle has it as text. */
const pageScript: Plugin = {
  name: 'page-script',
  setup(b) {
    b.onLoad({ filter: /report\/html\/script\.ts$/ }, () => ({
      contents: `export const SCRIPT = ${JSON.stringify(SCRIPT)}\nexport const LIVE_SCRIPT = ${JSON.stringify(LIVE_SCRIPT)}`,
    }))
  },
}

const options = {
  // The suite that defines a backend is part of the package: to import (`prov/conformance`), and to run in a process of its own.
  entryPoints: {
    cli: 'src/cli/cli.ts',
    index: 'src/index.ts',
    conformance: 'test/conformance/public.ts',
    'conform-child': 'test/conformance/process.ts',
  },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  // CommonJS dependencies ask where they are; in a bundle only the question must not fail.
  define: {
    PROV_VERSION: JSON.stringify(version),
    PROV_COMMIT: JSON.stringify(commitOf()),
    __dirname: 'import.meta.dirname',
    __filename: 'import.meta.filename',
  },
  legalComments: 'inline',
  // Reads a file of its own folder: it stays where npm installs it.
  // The last one is optional for what wants it, and here for a tool of the tests.
  external: ['@platformatic/kafka', '@nats-io/jetstream', '@nats-io/transport-node', 'supports-color'],
  alias: {
    'node-fetch': './backends/oci/registry/node-fetch.ts',
    yaml: './node_modules/yaml/browser/dist/index.js', // the same code as ES modules: loads faster, and what is unused is left out
  },
  plugins: [oneWork, pageScript, builtins],
  metafile: true,
  write: false,
  logLevel: 'warning',
} as const satisfies BuildOptions

/** The commit of this very repository; `unknown` where it is none, as in an unpacked archive. */
function commitOf(): string {
  const git = (...args: readonly string[]): string =>
    spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).stdout?.trim() ?? ''
  const isOwn = git('rev-parse', '--show-toplevel') === import.meta.dirname
  return (isOwn && git('rev-parse', '--short=12', 'HEAD')) || 'unknown'
}

/** The manual page. The commands are read as they stand in the source, which wants the version that the bundler puts in. */
async function writeManual(): Promise<void> {
  Object.assign(globalThis, { PROV_VERSION: version })
  const [{ program }, { manPage }] = await Promise.all([import('./src/cli/program.ts'), import('./src/cli/man.ts')])
  const io = { stdout: { columns: 80 }, stderr: {}, env: {} } as unknown as Parameters<typeof program>[0]
  writeFileSync(
    'dist/prov.1',
    manPage(
      program(io, () => undefined),
      version,
    ),
  )
}

/** Every part that is loaded by itself, but for the command line's own start. */
async function partsOf(): Promise<readonly string[]> {
  const { metafile } = await build(options)
  return Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? [])
}

function sharedBy(part: string): string {
  const [, own] = Object.entries(SHARED_BY).find(([name]) => part.startsWith(resolve('backends', name))) ?? []
  return `import 'made:core'\n${own === undefined ? '' : `import 'made:${own}'\n`}`
}

/** Lets each part import what it shares with the others. */
function withCore(parts: readonly string[]): Plugin {
  const own = new Set(
    parts.filter((part) => part.endsWith('.ts') && part !== 'src/cli/cli.ts').map((part) => resolve(part)),
  )
  return {
    name: 'one-core',
    setup(b) {
      b.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        own.has(path) ? { contents: `${sharedBy(path)}${readFileSync(path, 'utf8')}`, loader: 'ts' } : null,
      )
    },
  }
}

/**
 * Inside of an executable there are no modules but those of Node.js, and CommonJS has no top-level await. What would be installed beside prov
 * is refused by name. While the command runs the exit status is 13, as Node.js has it for an `await` that never ends: no end is no success.
 */
const asOneFile: Plugin = {
  name: 'one-file',
  setup(b) {
    b.onResolve({ filter: /^@platformatic\/kafka$/ }, ({ path }) => ({ path, namespace: 'beside' }))
    b.onLoad({ filter: /.*/, namespace: 'beside' }, ({ path }) => ({
      contents: `throw Object.assign(new Error(${JSON.stringify(path)}), { code: 'ERR_MODULE_NOT_FOUND' })`,
      loader: 'js',
    }))
    b.onLoad({ filter: /src\/cli\/cli\.ts$/ }, ({ path }) => {
      const parts = readFileSync(path, 'utf8').split('\nawait run()\n')
      if (parts.length !== 2) throw new Error('src/cli/cli.ts no longer ends with `await run()`')
      return { contents: parts.join('\nprocess.exitCode = 13\nvoid run()\n'), loader: 'ts' }
    })
  },
}

/** Takes away every declaration that the public ones do not lead to: tsc writes one for each module that was compiled. */
function keepPublicTypes(faces: readonly string[]): void {
  const kept = new Set<string>()
  const keep = (path: string): void => {
    if (kept.has(path)) return
    kept.add(path)
    const named = readFileSync(path, 'utf8').matchAll(/(?:from |import\()["'](\.[^"']+)\.ts["']/g)
    for (const [, name] of named) keep(join(dirname(path), `${name}.d.ts`))
  }
  for (const face of faces) keep(face)
  for (const name of readdirSync('dist/types', { recursive: true, encoding: 'utf8' })) {
    const path = join('dist/types', name)
    if (name.endsWith('.d.ts') && !kept.has(path)) rmSync(path)
  }
}

const failed = () => process.exit(1) // esbuild has said what is wrong

if (process.argv[2] === 'one-file') {
  const { __dirname: _folder, __filename: _file, ...own } = options.define
  await build({
    entryPoints: ['src/cli/cli.ts'],
    outfile: 'out/prov.cjs',
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    // Half the size to load; names stay, since messages and checks use those of classes.
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: true,
    legalComments: 'inline',
    define: { ...own, 'import.meta.resolve': 'undefined' },
    alias: options.alias,
    plugins: [asOneFile],
    logLevel: 'error',
  }).catch(failed)
  process.exit()
}

const parts = await partsOf().catch(failed)
const { metafile, outputFiles } = await build({
  ...options,
  plugins: [oneWork, pageScript, withCore(parts), builtins],
}).catch(failed)

const chunks = 'dist/chunks'
mkdirSync(chunks, { recursive: true })
const made = new Map(Object.entries(metafile.outputs).map(([name, output]) => [resolve(name), output]))
for (const { path, text } of outputFiles) {
  const code = withoutFacades(text)
  writeFileSync(path, isForeign(made.get(path)) ? withoutBlanks(code) : code)
}
for (const name of readdirSync(chunks)) {
  if (!(`${chunks}/${name}` in metafile.outputs)) rmSync(`${chunks}/${name}`) // of an earlier build
}
rmSync('dist/schemas', { recursive: true, force: true })
mkdirSync('dist/schemas')
for (const [name, { load }] of Object.entries(SCHEMAS)) {
  const { schema } = await load()
  writeFileSync(`dist/schemas/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
compileAtOnce()
await writeManual()
rmSync('dist/types', { recursive: true, force: true })
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(1) // it has said what is wrong
keepPublicTypes(['dist/types/src/index.d.ts', 'dist/types/test/conformance/public.d.ts'])

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0)
console.log(`dist/: ${Object.keys(metafile.outputs).length} files, ${Math.round(bytes / 1024)} KB, prov ${version}`)
