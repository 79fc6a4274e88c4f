/** What `prov doctor` finds out about a trust: who may sign, by which root and logs proofs are judged, and when all that ends. */
import { type Diagnosis, degraded, examine } from '../../../backend/diagnosis.ts'
import { type BackendReport, reportOf } from '../../../doctor/backend.ts'
import { wishOf } from '../../../setup/keys.ts'
import { loadTrustOf } from '../../../trust/load-trust.ts'
import type { RootWindow, Trust } from '../../../trust/trust.ts'
import type { Validity } from '../../../trust/validity.ts'
import type { DoctorOptions } from './flags.ts'

interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  now(): number
}

/**
 * A line for each signer, root and log. A validity that is over is not an error: what was signed in its time still counts. Never throws.
 *
 * @example (await diagnoseTrust({ ...options, keyring: 'keyring.yaml' }, io)).outcome // 'ok'
 */
export async function diagnoseTrust(options: DoctorOptions, world: World): Promise<BackendReport> {
  const { now } = world
  const checks: Diagnosis[] = []
  let trust: Trust | undefined
  checks.push(
    await examine('configuration', now, async () => {
      // Keys are tried by themselves; private ones may be among them.
      const { publishers: _, ...wish } = wishOf({ ...options, key: [] }, { env: {} })
      trust = await loadTrustOf(wish, { ...world, isRootAlone: true })
      return trust.hash
    }),
  )
  if (trust === undefined) return reportOf('trust', checks)
  for (const { source, keyid, validity } of trust.keys) {
    checks.push(await line('signers', `key ${keyid} (${source})`, validity))
  }
  for (const { identity, issuer, validity } of trust.proofs?.identities ?? []) {
    checks.push(await line('signers', `${identity}, by ${issuer}`, validity))
  }
  const { root, authorities = [] } = trust.proofs ?? {}
  if (root !== undefined) checks.push(await examine('root', now, async () => root.source))
  const windows = root?.windows ?? []
  for (const window of windows) checks.push(await line('root', nameOf(window), window))
  for (const what of NEEDED) {
    const all = windows.filter((window) => window.what === what)
    if (root === undefined || all.some(({ until = Number.POSITIVE_INFINITY }) => until >= now())) continue
    checks.push(await examine('root', now, async () => degraded(`none of its ${what} keys counts today`)))
  }
  for (const source of authorities)
    checks.push(await examine('root', now, async () => `certificate authority of ${source}`))
  return reportOf('trust', checks)

  function line(check: Diagnosis['check'], what: string, validity: Validity | undefined): Promise<Diagnosis> {
    return examine(check, now, async () => {
      const { from = 0, until = Number.POSITIVE_INFINITY } = validity ?? {}
      if (now() > until) return `${what}, for what was signed until ${dateOf(until)}`
      if (now() < from) return degraded(`${what}, only from ${dateOf(from)}`)
      return Number.isFinite(until) ? `${what}, until ${dateOf(until)}` : what
    })
  }
}

/** Without one of these no certificate verifies that is made today. */
const NEEDED: readonly RootWindow['what'][] = ['transparency log', 'certificate authority', 'timestamp authority']

function nameOf({ what, name }: RootWindow): string {
  return name === '' ? what : `${what} ${name}`
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
