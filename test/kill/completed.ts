/** After a kill: what one more `prov store` has to bring about, whatever was left behind. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parse } from 'yaml'
import { prov } from '../support/cli.ts'
import { linesOf, verdictOf } from '../support/lines.ts'
import type { RunWithImage } from '../support/runs.ts'
import { editRun, type KeyFiles } from '../support/stage.ts'
import { layersIn, type Tags } from '../support/tags.ts'

export interface Scene {
  readonly run: RunWithImage
  readonly key: KeyFiles
  readonly tags: Tags
  /** Storage and settings, for store and verify alike. */
  readonly where: readonly string[]
  /** Flags that the killed store had, and the one that completes it has as well. */
  readonly flags?: readonly string[]
}

/** A lock is made aside and then linked to its name; one that was not linked any more bars nobody, and nobody knows of it. */
const UNTAKEN_LOCK = /\.prov-lock\.[0-9a-f]{24}$/

const ALL_EQUAL = ['oci dsse =', 'oci raw =', 'tekton dsse =', 'tekton raw =']

const tagNames = ({ run: { digest } }: Scene): readonly string[] =>
  ['att', 'sig'].map((suffix) => `${digest.replace(':', '-')}.${suffix}`)

/**
 * Runs `store` once more and says what is wrong afterwards; [] when all is well. In between the run gets a label, as a
 * controller would give it one: a store that signed again instead of taking up what is there would be found out.
 *
 * @example expect(await problemsAfterOneMore(scene)).toEqual([])
 */
export async function problemsAfterOneMore(scene: Scene): Promise<readonly string[]> {
  const { run, key, tags, where, flags = [] } = scene
  const problems = [...(await sealedTooEarly(scene))]
  editRun(run.file, ({ metadata: { labels } }) => Object.assign(labels, { 'example.com/seen': 'again' }))
  const stored = await prov(['store', ...where, ...flags, '--key', key.private, run.file])
  if (stored.code !== 0) problems.push(`store exits ${stored.code}: ${stored.stdout}${stored.stderr}`)
  const verdict = verdictOf(await prov(['verify', '--json', ...where, '--key', key.public, run.file]))
  const lines = linesOf(verdict)
  if (lines.join() !== ALL_EQUAL.join()) problems.push(`verify: ${lines.join(', ')}`)
  for (const { rows } of verdict.artifacts) {
    const signatures = new Set(rows.flatMap((row) => row.signatures ?? []))
    if (signatures.size !== 1) problems.push(`${signatures.size} signatures of one entry`)
  }
  for (const tag of tagNames(scene)) {
    const layers = await layersIn(tags, tag)
    if (layers.length !== 1) problems.push(`${layers.length} layers in ${tag}`)
  }
  const markers = (await tags.list()).filter((name) => name.includes('.prov-'))
  if (markers.length > 0) problems.push(`markers left: ${markers.join(', ')}`)
  const left = readdirSync(dirname(run.file)).filter((name) => name !== basename(run.file) && !UNTAKEN_LOCK.test(name))
  if (left.length > 0) problems.push(`files left: ${left.join(', ')}`)
  if (!isSealed(run)) problems.push('not marked as signed')
  return problems
}

/** The mark comes last: where a killed store has set it, every copy is there. */
async function sealedTooEarly(scene: Scene): Promise<readonly string[]> {
  if (!isSealed(scene.run)) return []
  const layers = await Promise.all(tagNames(scene).map((tag) => layersIn(scene.tags, tag)))
  return layers.every(({ length }) => length === 1) ? [] : ['marked as signed before every copy was there']
}

function isSealed({ file }: RunWithImage): boolean {
  const { metadata } = parse(readFileSync(file, 'utf8')) as { metadata: { annotations: Record<string, string> } }
  return metadata.annotations['chains.tekton.dev/signed'] === 'true'
}

/** One try of a kill. */
export interface Try {
  /** The process ended by itself: there was no n-th step. */
  readonly undisturbed: boolean
  readonly problems: readonly string[]
}

/**
 * Tries n = 1, 2, … until a try is undisturbed, `atOnce` of them at a time; returns how many were disturbed, and what was
 * wrong after which.
 *
 * @example expect(await killEverywhere((n) => killAt(n))).toEqual({ kills: 24, problems: [] })
 */
export async function killEverywhere(
  attempt: (n: number) => Promise<Try>,
  atOnce = 3,
): Promise<{ readonly kills: number; readonly problems: readonly string[] }> {
  let next = 1
  let done = false
  let kills = 0
  const problems: string[] = []
  const work = async (): Promise<void> => {
    while (!done) {
      const n = next++
      const one = await attempt(n)
      if (one.undisturbed) done = true
      else kills += 1
      problems.push(...one.problems.map((problem) => `${n}: ${problem}`))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { kills, problems }
}
