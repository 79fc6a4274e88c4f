import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { openTekton } from '../../../backends/tekton/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import { type Files, nodeFiles } from '../../../src/platform/fs/files.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { aboutOf, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { testContext } from '../../support/context.ts'
import { testFolder } from '../../support/tekton.ts'

interface Shape {
  readonly name: string
  readonly file: string
  /** The file's text, with this run in it; undefined: there is no file yet. */
  text?(run: object, others: readonly object[]): string
  readonly item?: number
  readonly document?: number
}

const SHAPES: readonly Shape[] = [
  { name: 'tekton (YAML file)', file: 'run.yaml', text: (run) => `# kept\n${stringify(run, { indentSeq: false })}` },
  { name: 'tekton (JSON file)', file: 'run.json', text: (run) => `${JSON.stringify(run, null, 4)}\n` },
  {
    name: 'tekton (item of a YAML List)',
    file: 'list.yaml',
    item: 1,
    text: (run, [a, b]) => stringify({ apiVersion: 'v1', items: [a, run, b], kind: 'List' }, { indentSeq: false }),
  },
  {
    name: 'tekton (item of a JSON List)',
    file: 'list.json',
    item: 1,
    text: (run, [a, b]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [a, run, b] }),
  },
  {
    name: 'tekton (document of a stream)',
    file: 'stream.yaml',
    document: 1,
    text: (run, [a, b]) => [a, run, b].map((o) => `---\n${stringify(o)}`).join(''),
  },
  { name: 'tekton (a YAML file of its own)', file: 'own.yaml' },
  { name: 'tekton (a JSON file of its own)', file: 'own.json' },
]

function rig(shape: Shape): Rig {
  const path = join(testFolder(), shape.file)
  const image = sampleImage('registry.example/acme/app', 'app')
  const bare = sampleRun('build-1', image)
  const others = [sampleRun('build-0', image), sampleRun('build-2', image)]
  const given = shape.text !== undefined
  if (shape.text)
    writeFileSync(
      path,
      shape.text(
        bare.object,
        others.map((o) => o.object),
      ),
    )
  const { document = 0, item } = shape
  const source = { file: path, document, ...(item === undefined ? {} : { item }) }
  const run: RunArtifact = given ? { ...bare, source } : bare
  const context = testContext(given ? {} : { 'storage.tekton.file': path })
  let writes = 0
  const counting: Files = { ...nodeFiles, rename: (from, to) => nodeFiles.rename(from, to).finally(() => writes++) }
  const open = (files: Files = counting) => {
    const backend = openTekton(context, { files, lockTimeoutMs: 10_000 })
    // A run that must be added to its file is known from `slots`, which every process calls for its plan.
    if (!given) backend.slots(aboutOf('dsse', run, image))
    return backend
  }
  const failing = (code: string) => async (): Promise<never> => {
    throw Object.assign(new Error(`${code}: made up`), { code })
  }
  const never = () => new Promise<never>(() => {})
  return {
    run,
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => open(),
    faults: {
      denied: () =>
        open({ ...nodeFiles, read: failing('EACCES'), facts: failing('EACCES'), create: failing('EACCES') }),
      tooLarge: () =>
        open({ ...nodeFiles, facts: async () => ({ mode: 0o644, uid: 0, gid: 0, modified: 0, size: 2 ** 40 }) }),
      stalled: () => open({ ...nodeFiles, read: never, realpath: never }),
    },
    corrupt: async (slot: Slot) => {
      const text = readFileSync(path, 'utf8')
      const name = `chains.tekton.dev/payload-${slot.address['key']}`
      const at = text.indexOf(run.uid) === -1 ? -1 : text.indexOf(name)
      if (at === -1) throw new Error('nothing to corrupt')
      const value = at + name.length + 12
      // Of a Statement the envelope tells; of an image only the signature would, so there it is no base64 any more.
      const letter = slot.kind === 'raw' ? '!' : text[value] === 'Q' ? 'R' : 'Q'
      writeFileSync(path, text.slice(0, value) + letter + text.slice(value + 1))
    },
    writes: () => writes,
    sealed: async () => /chains\.tekton\.dev\/signed"?: ?"true"/.test(readFileSync(path, 'utf8')),
  }
}

for (const shape of SHAPES) {
  const gaps = shape.text === undefined ? GAPS.tektonOwnFile : GAPS.tekton
  backendConformance(shape.name, { rig: () => rig(shape), gaps })
}
