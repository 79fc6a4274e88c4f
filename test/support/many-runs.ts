/** Any number of TaskRuns in files, each with a uid and an image digest of its own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FIXTURES } from './runs.ts'
import { scratch } from './scratch.ts'

const BUILDPACKS = join(FIXTURES, 'runs/buildpacks-taskrun.yaml')
const [DIGEST, UID] = ['09e72cd46682', 'd0e25fd1d7e9']

/**
 * `count` TaskRuns of one image each, a file a run, in a new folder. Runs of one number are the same run.
 *
 * @example manyRuns(2, { from: 100 }) // ['…/runs/run-100.yaml', '…/runs/run-101.yaml']
 */
export function manyRuns(count: number, { from = 0 } = {}): readonly string[] {
  const folder = join(scratch(), 'runs')
  mkdirSync(folder)
  const text = readFileSync(BUILDPACKS, 'utf8')
  return Array.from({ length: count }, (_, at) => {
    const file = join(folder, `run-${from + at}.yaml`)
    const hex = hexOf(from + at)
    writeFileSync(file, text.replaceAll(DIGEST, hex).replaceAll(UID, hex))
    return file
  })
}

/** The tags under which a registry keeps what is said about the image of a run. @example imageTags(3)[0] // 'sha256-….att' */
export function imageTags(n: number): readonly [att: string, sig: string] {
  const digest = /sha256:([0-9a-f]{64})/g
  const whole = [...readFileSync(BUILDPACKS, 'utf8').matchAll(digest)].find(([, hex]) => hex?.startsWith(DIGEST))?.[1]
  const tag = `sha256-${whole?.replace(DIGEST, hexOf(n))}`
  return [`${tag}.att`, `${tag}.sig`]
}

/** The uid of a run. @example runUid(3) // 'b0a4c3c0-eb9d-40fe-929f-000000000003' */
export function runUid(n: number): string {
  return `b0a4c3c0-eb9d-40fe-929f-${hexOf(n)}`
}

function hexOf(n: number): string {
  return n.toString(16).padStart(12, '0')
}
