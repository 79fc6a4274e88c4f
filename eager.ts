/**
 * Part of `npm run build`: what `store` and `verify` call is compiled at once, and kept by Node.js.
 *
 * Node.js keeps V8's code of a module as it is right after loading, when V8 has compiled next to none of its functions: each is compiled at
 * its first call, by every process anew, which was a sixth of the time of a verify. V8 compiles a function at once that stands in parentheses.
 * So the built program stores and verifies a run, Node.js tells which functions were called, and those get parentheses. The
 * others stay as they are, since to compile or to read what nobody calls costs more than it saves.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'

const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A run with what most have: parameters, a step, a repository and an image. */
const RUN = `apiVersion: tekton.dev/v1
kind: TaskRun
metadata:
  name: build-NAME
  namespace: ci
  uid: 7c9f2d1e-0000-4000-8000-00000000000NAME
spec:
  params:
    - name: CHAINS-GIT_URL
      value: https://git.example.com/acme/app
    - name: CHAINS-GIT_COMMIT
      value: 5a1e5e4c7b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e
  taskRef:
    name: build
    kind: Task
status:
  startTime: "2026-01-02T03:04:05Z"
  completionTime: "2026-01-02T03:05:06Z"
  conditions:
    - type: Succeeded
      status: "True"
  steps:
    - name: build
      container: step-build
      imageID: docker.io/library/alpine@sha256:${DIGEST}
      terminated:
        exitCode: 0
        reason: Completed
  results:
    - name: IMAGE_URL
      type: string
      value: registry.example.com/acme/app
    - name: IMAGE_DIGEST
      type: string
      value: sha256:${DIGEST}
  taskSpec:
    steps:
      - name: build
        image: docker.io/library/alpine@sha256:${DIGEST}
        script: make
`

/** Where a function stands in its file, from its first character to behind its last. */
type Place = readonly [start: number, end: number]

interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[]
    }[]
  }[]
}

/** Runs the built program on two runs and gives the functions that were called, by file. */
function called(): ReadonlyMap<string, readonly Place[]> {
  const folder = mkdtempSync(join(tmpdir(), 'prov-build-'))
  try {
    const at = (name: string): string => join(folder, name)
    writeFileSync(at('run.yaml'), RUN.replaceAll('NAME', '1'))
    writeFileSync(at('run-2.yaml'), RUN.replaceAll('NAME', '2'))
    const stores = ['--storage', 'tekton,oci,docdb,gcs', '--set', `storage.oci.layout=${at('oci')}`]
    stores.push('--set', `storage.docdb.url=sqlite:${at('db')}`, '--set', `storage.gcs.directory=${at('gcs')}`)
    const run = (observed: boolean, ...args: readonly string[]): void => {
      const env = { PROV_PASSWORD: 'build', ...(observed ? { NODE_V8_COVERAGE: at('called') } : {}) }
      const { status, stderr } = spawnSync(process.execPath, [resolve('bin/prov.js'), ...args], { cwd: folder, env })
      if (status !== 0) throw new Error(`prov ${args.join(' ')} ended with ${status}: ${stderr}`)
    }
    run(false, 'keys', 'generate', '--output', 'build')
    for (const input of ['run.yaml', 'run-2.yaml']) run(true, 'store', ...stores, '--key', 'build.key', input)
    run(true, 'verify', ...stores, '--key', 'build.pub', 'run.yaml', 'run-2.yaml')
    run(true, 'verify', ...stores, '--storage', 'docdb,gcs', '--key', 'build.pub', '--all')
    run(true, '--help')
    return placesIn(readdirSync(at('called')).map((name) => readFileSync(join(at('called'), name), 'utf8')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function placesIn(coverages: readonly string[]): ReadonlyMap<string, readonly Place[]> {
  const byFile = new Map<string, Map<number, Place>>()
  for (const { url, functions } of coverages.flatMap((text) => (JSON.parse(text) as Coverage).result)) {
    if (!url.startsWith('file:')) continue
    const file = fileURLToPath(url)
    const places = byFile.get(file) ?? new Map<number, Place>()
    byFile.set(file, places)
    for (const { ranges } of functions) {
      const [whole] = ranges
      if (whole !== undefined && whole.count > 0) places.set(whole.startOffset, [whole.startOffset, whole.endOffset])
    }
  }
  return new Map([...byFile].map(([file, places]) => [file, [...places.values()]]))
}

const DECLARED = /^(?:async )?function\*? ?([\w$]+)/
const EXPRESSION = /^(?:async )?(?:function\b|\()/

/**
 * Puts these functions in parentheses: arrow functions and function expressions where they stand, and prov's own functions at the outermost
 * level as constants at the very start, so that they are there before anything can call them. What cannot be put so (methods, functions
 * declared in others, those of packages, which may assign to them) stays as it is.
 */
export function withParentheses(code: string, places: readonly Place[]): string {
  const marks: (readonly [at: number, mark: '(' | ')'])[] = []
  const moved: Place[] = []
  for (const [start, end] of places) {
    const text = code.slice(start, end)
    const before = code.slice(code.lastIndexOf('\n', start - 1) + 1, start)
    if (before === '' && DECLARED.test(text)) {
      if (isOwn(code, start)) moved.push([start, end])
    } else if (before.trim() !== '' && EXPRESSION.test(text)) marks.push([start, '('], [end, ')'])
  }
  // Of two that end or begin at one place, the inner one closes before the next opens.
  marks.sort(([a, one], [b, other]) => a - b || (one === other ? 0 : one === ')' ? -1 : 1))
  const slice = (start: number, end: number): string => {
    let text = ''
    let from = start
    for (const [at, mark] of marks) {
      if (at < start || at > end || (at === start && mark === ')') || (at === end && mark === '(')) continue
      text += code.slice(from, at) + mark
      from = at
    }
    return text + code.slice(from, end)
  }
  let rest = ''
  let head = ''
  let from = 0
  for (const [start, end] of moved.toSorted(([a], [b]) => a - b)) {
    head += `const ${DECLARED.exec(code.slice(start, end))?.[1]} = (${slice(start, end)});\n`
    rest += slice(from, start)
    from = end
  }
  return `${head}${rest}${slice(from, code.length)}`
}

/** Whether prov's own source is what stands there: the bundler names the file of each module in a comment before it. */
function isOwn(code: string, at: number): boolean {
  const [, path = ''] = /.*^\/\/ (\S+)$/ms.exec(code.slice(0, at)) ?? []
  return path.startsWith('src/') || path.startsWith('backends/')
}

/** Rewrites the files of dist/ that were loaded. Throws where a command fails or where what was written no longer parses. */
export function compileAtOnce(): void {
  for (const [path, places] of called()) {
    if (basename(path) === 'prov.js') continue
    const code = withParentheses(readFileSync(path, 'utf8'), places)
    transformSync(code)
    writeFileSync(path, code)
  }
}
