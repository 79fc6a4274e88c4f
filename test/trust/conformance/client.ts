#!/usr/bin/env node
/**
 * The client protocol of sigstore-conformance over prov's checks, so that the suite itself can be run by hand (docs/trust.md says how):
 * verify-bundle --bundle F (--certificate-identity I --certificate-oidc-issuer U | --key K) [--trusted-root R] FILE_OR_sha256:…
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadTrustOf } from '../../../src/trust/load-trust.ts'
import { verifyBundle } from './verify-bundle.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bundle: { type: 'string' },
    'certificate-identity': { type: 'string' },
    'certificate-oidc-issuer': { type: 'string' },
    key: { type: 'string' },
    'trusted-root': { type: 'string' },
    staging: { type: 'boolean' },
  },
})
const [command, artifact = ''] = positionals
if (command !== 'verify-bundle' || values.bundle === undefined || values.staging === true) {
  console.error('only verify-bundle is supported, and only with a trusted root that is at hand')
  process.exit(2)
}
const { 'certificate-identity': identity, 'certificate-oidc-issuer': issuer, 'trusted-root': trustedRoot, key } = values
try {
  const trust = await loadTrustOf(
    {
      keys: key === undefined ? [] : [key],
      offline: true,
      logs: 1,
      timestamps: 1,
      ...(identity === undefined ? {} : { identity }),
      ...(issuer === undefined ? {} : { issuer }),
      ...(trustedRoot === undefined ? {} : { trustedRoot }),
    },
    { env: process.env, now: Date.now },
  )
  const digest = /^sha256:([0-9a-f]{64})$/.exec(artifact)?.[1]
  const signed = digest === undefined ? { bytes: readFileSync(artifact) } : { digest }
  const verdict = verifyBundle(JSON.parse(readFileSync(values.bundle, 'utf8')), signed, trust)
  if (!verdict.ok) throw new Error(`${verdict.code}: ${verdict.message}`)
  console.log('verified')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
