/** Verdicts as prov gives them: every mark with what can go with it, hostile text, and as many artifacts as are wanted. */

import { createHash } from 'node:crypto'
import type { About, Found } from '../../../src/backend/backend.ts'
import type { Reading } from '../../../src/copies/read-copies.ts'
import { gravest } from '../../../src/errors.ts'
import { artifactName, artifactUri } from '../../../src/model/artifact.ts'
import type { Entry } from '../../../src/model/entry.ts'
import type { OpenForm, ReportHead, ReportSummary } from '../../../src/report/forms/form.ts'
import { NO_TOTALS, withArtifact } from '../../../src/report/forms/form.ts'
import type { Trust } from '../../../src/trust/trust.ts'
import { agree, type Mark, type Row } from '../../../src/verify/agree.ts'
import { policyOf } from '../../../src/verify/policy.ts'
import { type Demands, verdictOf } from '../../../src/verify/verdict.ts'
import type { VerifiedArtifact } from '../../../src/verify/verify.ts'
import {
  aboutImage,
  aboutRun,
  attest,
  imageOf,
  item,
  reading,
  signer,
  signImage,
  slot,
  taskRun,
  trustOf,
} from '../../support/makers.ts'

/** Would run, load, mention or break out somewhere, if anything let it. */
export const HOSTILE = `</script><img src=x onerror="document.title='owned'">&amp;<!--]]>|\`@everyone\` https://evil.example \u202e\u0007 ' "`

export const BACKENDS = ['tekton', 'oci', 'docdb', 's3'] as const

export interface Scene {
  readonly head: ReportHead
  readonly artifacts: readonly VerifiedArtifact[]
  readonly summary: ReportSummary
}

const DEMANDS: Demands = { optional: ['s3'], strict: false }

export function sceneOf(artifacts: readonly VerifiedArtifact[], more: Partial<ReportHead> = {}): Scene {
  const keyids = ['SHA256:iYhlELFinnswDTCT6GQl0K+40t0gQaxTojTFyi55jVg']
  const trust = { hash: `sha256:${hex('trust')}`, keyids }
  const began = Date.UTC(2026, 10, 25, 9, 30)
  const head = {
    version: '0.1.0',
    began,
    backends: BACKENDS,
    demands: DEMANDS,
    trust,
    policy: policyOf({ backends: BACKENDS, demands: DEMANDS, trust, imageFormats: {} }),
    verifier: 'prov:verifier',
    ...more,
  }
  const exit = gravest(artifacts.map((one) => one.exit))
  const totals = artifacts.reduce(withArtifact, NO_TOTALS)
  return {
    head,
    artifacts,
    summary: { exit, ended: began + 4200, notes: ['result IMAGE_URL of ci/odd names no image'], totals },
  }
}

/** The whole text of a report. @example await textOf(junit, scene) */
export async function textOf(open: OpenForm, { head, artifacts, summary }: Scene, tools = {}): Promise<string> {
  const form = open({ now: () => head.began, ...tools })
  const parts = [form.begin(head)]
  for (const one of artifacts) parts.push(await form.artifact(one))
  return [...parts, form.end(summary)].join('')
}

/** One artifact and what becomes of its looks. */
export function verified(about: About, readings: readonly Reading[], demands = DEMANDS): VerifiedArtifact {
  const { artifact, kind, subjects } = about
  const agreement = agree(about, readings, () => [])
  const [name, uri] = [artifactName(artifact), artifactUri(artifact)]
  return { artifact: name, type: artifact.type, kind, uri, subjects, ...agreement, ...verdictOf(agreement, demands) }
}

/** Every mark, each with all that can go with it. */
export async function everyMark(): Promise<Scene> {
  const [ours, later, foreign] = [await signer(), await signer(), await signer()]
  const trust: Trust = { ...trustOf(ours), keys: [...trustOf(ours).keys, ...trustOf(later).keys] }
  const of = (about: About, backend: string, items: readonly Found[]): Reading =>
    reading(about, backend, backend === 'oci' ? 'many' : 'one', items, trust)
  const down = (backend: string): Reading => ({
    backend,
    slot: slot(backend, 'one'),
    error: {
      code: 'unreachable',
      message: `connect ECONNREFUSED ${backend}.example:443`,
      hint: 'look whether it is up',
    },
  })
  const respelled = async (entry: Entry, run: Parameters<typeof attest>[0]): Promise<Entry> =>
    attest(run, ours, Buffer.from(Buffer.from(entry.payload).toString().replaceAll('","', '", "')))
  const artifact = async (
    name: string,
    readings: (
      about: About,
      good: Entry,
      run: Parameters<typeof attest>[0],
    ) => Promise<readonly Reading[]> | readonly Reading[],
  ): Promise<VerifiedArtifact> => {
    const run = taskRun(name)
    const about = aboutRun(run)
    return verified(about, await readings(about, await attest(run, ours), run))
  }
  const at = (entry: Entry, place: string): Found => item(entry, place)
  const image = imageOf(taskRun('shop-api-x8d4q'))
  const signature = await signImage(image, ours)
  const imageAbout = aboutImage(image)
  const rest = (about: About, good: Entry): readonly Reading[] => [
    of(about, 'docdb', [at(good, 'mongo://prov/copies#1')]),
    { backend: 's3' },
  ]
  return sceneOf([
    await artifact('shop-api-x8d4q', (about, good) =>
      BACKENDS.map((name) => of(about, name, [at(good, `${name}/${hex(name)}`)])),
    ),
    verified(
      imageAbout,
      BACKENDS.map((name) => of(imageAbout, name, [item(signature, `${name}/signature`)])),
    ),
    await artifact('billing-jar-2hq7p', async (about, good, run) => [
      of(about, 'tekton', [at(good, 'run.yaml#a')]),
      of(about, 'oci', [
        at(
          await attest(taskRun('billing-jar-2hq7p', { labels: { team: HOSTILE } }), ours),
          'ghcr.io/a/b:sha256-1.att#2',
        ),
      ]),
      ...rest(about, await attest(run, later)),
    ]),
    await artifact('checkout-9fk2m', async (about, good, run) => [
      of(about, 'tekton', [
        at(
          { ...good, payload: Buffer.from(Buffer.from(good.payload).toString().replace('09:12', '09:13')) },
          'run.yaml#b',
        ),
      ]),
      of(about, 'oci', [
        at(good, 'ghcr.io/a/b:sha256-2.att#1'),
        at(await attest(taskRun('other', { image: 'checkout-9fk2m' }), foreign), `ghcr.io/a/b:${HOSTILE}\ud800`),
      ]),
      ...rest(about, await respelled(good, run)),
    ]),
    await artifact('search-index-7tt1c', async (about, good, run) => [
      of(about, 'tekton', [at(good, 'run.yaml#c')]),
      of(about, 'oci', []),
      of(about, 'docdb', [at(await attest(run, later), 'mongo://prov/copies#3')]),
      down('s3'),
    ]),
    await artifact('mailer-0p3xz', (about) => [
      of(about, 'tekton', []),
      of(about, 'oci', []),
      down('docdb'),
      { backend: 's3' },
    ]),
  ])
}

/** As many artifacts as wanted; every 50th has something wrong. */
export function many(count: number): Scene {
  const artifacts = Array.from({ length: count }, (_, i): VerifiedArtifact => {
    const name = `build-${i.toString(36)}-${hex(`${i}`).slice(0, 6)}`
    const mark: Mark = i % 50 === 7 ? ((['+', '#', '!', '*'] as const)[(i / 50) & 3] ?? '+') : '='
    const rows = BACKENDS.map((backend, b): Row => {
      const own: Mark = b === 1 ? mark : '='
      const location = `${backend}.example/prov/${name}/${hex(`${backend}${i}`)}`
      if (own === '=') {
        return {
          backend,
          slot: location,
          format: 'slsa/v1',
          mark: own,
          location,
          entry: `dsse:sha256:${hex(name)}`,
          signatures: [`sha256:${hex(`s${i}`)}`],
          keyids: ['SHA256:iYhlELFinnswDTCT6GQl0K+40t0gQaxTojTFyi55jVg'],
        }
      }
      const code = ({ '+': 'absent', '#': 'signature_invalid', '!': 'timed_out', '*': 'drift' } as const)[own as '+']
      return {
        backend,
        slot: location,
        format: 'slsa/v1',
        mark: own,
        error: { code, message: 'no copy of this artifact here' },
      }
    })
    const agreement = { rows, strangers: [], references: [] }
    const facts = {
      artifact: `TaskRun ci/${name} (${hex(name).slice(0, 8)})`,
      type: 'run' as const,
      kind: 'dsse' as const,
      uri: `prov:taskrun/ci/${name}`,
    }
    return {
      ...facts,
      subjects: [{ name, digest: { sha256: hex(name) } }],
      ...agreement,
      ...verdictOf(agreement, DEMANDS),
    }
  })
  return sceneOf(artifacts)
}

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
