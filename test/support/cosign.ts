/** cosign as the judge, with the commands that a user has: every signature by key, no transparency log, no network. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { tool } from '../servers/endpoints.ts'
import { type Outcome, type Run, run } from './cli.ts'
import { PASSWORD, PRIVATE_KEY } from './runs.ts'
import { scratch } from './scratch.ts'

export const COSIGNS = ['cosign-v2', 'cosign-v3'] as const
export type Cosign = (typeof COSIGNS)[number]

export async function cosign(version: Cosign, args: readonly string[], options: Run = {}): Promise<Outcome> {
  return run(tool(version), args, { ...options, env: { COSIGN_PASSWORD: PASSWORD, ...options.env } })
}

async function done(outcome: Promise<Outcome>): Promise<Outcome> {
  const { code, stderr } = await outcome
  expect(code, stderr).toBe(0)
  return outcome
}

/** An empty trusted root: without one cosign first looks for the public one on the network. Returns its file. */
export async function emptyTrustedRoot(): Promise<string> {
  const file = join(scratch(), 'trusted-root.json')
  await done(cosign('cosign-v3', ['trusted-root', 'create', '--out', file]))
  return file
}

/** A new key pair, made by cosign with the password of the fixtures; returns the folder of cosign.key and cosign.pub. */
export async function newKeyPair(): Promise<string> {
  const cwd = scratch()
  await done(cosign('cosign-v3', ['generate-key-pair'], { cwd }))
  return cwd
}

const STORES: Readonly<Record<Cosign, readonly string[]>> = {
  'cosign-v2': ['--tlog-upload=false', '--yes'],
  // v3 writes the same tags only when told so; otherwise it writes bundles
  'cosign-v3': ['--use-signing-config=false', '--new-bundle-format=false', '--tlog-upload=false', '--yes'],
}

/** Signs an image (NAME@DIGEST) into its .sig tag. */
export async function sign(version: Cosign, image: string, key = PRIVATE_KEY): Promise<void> {
  await done(cosign(version, ['sign', '--key', key, ...STORES[version], image]))
}

/** Attests an image with a predicate file into its .att tag. */
export async function attest(
  version: Cosign,
  image: string,
  type: string,
  predicate: string,
  key = PRIVATE_KEY,
): Promise<void> {
  await done(
    cosign(version, ['attest', '--key', key, '--type', type, '--predicate', predicate, ...STORES[version], image]),
  )
}

export interface Check {
  readonly key: string
  readonly image: string
  readonly trustedRoot: string
  readonly env?: Readonly<Record<string, string>>
}

export async function verify(version: Cosign, { key, image, trustedRoot, env = {} }: Check): Promise<Outcome> {
  return cosign(version, ['verify', '--key', key, '--insecure-ignore-tlog', '--trusted-root', trustedRoot, image], {
    env,
  })
}

export async function verifyAttestation(version: Cosign, check: Check, type = 'slsaprovenance'): Promise<Outcome> {
  const { key, image, trustedRoot, env = {} } = check
  const flags = ['--key', key, '--type', type, '--insecure-ignore-tlog', '--trusted-root', trustedRoot]
  return cosign(version, ['verify-attestation', ...flags, image], { env })
}

/** The check of an annotation's signature, saved to a file: it is the DSSE envelope. */
export async function verifyBlobAttestation(version: Cosign, key: string, signature: string): Promise<Outcome> {
  const flags = ['--signature', signature, '--check-claims=false', '--type', 'slsaprovenance', '--insecure-ignore-tlog']
  const old = version === 'cosign-v3' ? ['--new-bundle-format=false'] : []
  return cosign(version, ['verify-blob-attestation', '--key', key, ...flags, ...old])
}
