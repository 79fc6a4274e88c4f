/**
 * Makes the bundles under fixtures/sigstore with a Sigstore of one's own (Fulcio, timestamp authority, Rekor v2), by cosign v3 and by @sigstore/sign.
 * Not part of the tests: they replay what it recorded, since those servers take half an hour to build. The certificates live ten minutes; what
 * makes the recordings last is what they prove.
 *
 *   SIGSTORE=http://127.0.0.1:5641 SIGSTORE_OIDC=… SIGSTORE_TSA=… SIGSTORE_REKOR=… SIGSTORE_TRUSTED_ROOT=FILE SIGSTORE_SIGNING_CONFIG=FILE \
 *     SIGSTORE_SIGN=FOLDER node test/trust/live/record.mjs
 *
 * cosign-v3 (3.1.3) has to be in PATH, and FOLDER is one in which `npm install @sigstore/sign@5.1.0` was run.
 */
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')
const OUT = join(ROOT, 'fixtures/sigstore')
const {
  SIGSTORE,
  SIGSTORE_OIDC,
  SIGSTORE_TSA,
  SIGSTORE_REKOR,
  SIGSTORE_TRUSTED_ROOT,
  SIGSTORE_SIGNING_CONFIG,
  SIGSTORE_SIGN,
} = process.env
mkdirSync(OUT, { recursive: true })
const RUN = join(ROOT, 'fixtures/runs/kaniko-taskrun.json')
const STATEMENT = join(OUT, 'statement.json')
writeFileSync(
  STATEMENT,
  execFileSync('node', [join(ROOT, 'bin/prov.js'), 'payload', '--format', 'slsa/v1', RUN], {
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
)

const tokenFor = async (email) => (await (await fetch(`${SIGSTORE_OIDC}/token?email=${email}`)).text()).trim()
const cosign = (...args) =>
  execFileSync('cosign-v3', args, { env: { ...process.env, COSIGN_PASSWORD: 'prov' }, stdio: 'inherit' })
const service = ['--signing-config', SIGSTORE_SIGNING_CONFIG, '--trusted-root', SIGSTORE_TRUSTED_ROOT, '--yes']

for (const [name, email] of [
  ['cosign', 'dev@example.com'],
  ['second-signer', 'release@example.com'],
]) {
  cosign(
    'attest-blob',
    '--statement',
    STATEMENT,
    '--identity-token',
    await tokenFor(email),
    '--bundle',
    join(OUT, `${name}.bundle.json`),
    ...service,
  )
}
cosign(
  'attest-blob',
  '--statement',
  STATEMENT,
  '--key',
  join(ROOT, 'fixtures/keys/cosign.key'),
  '--bundle',
  join(OUT, 'key.bundle.json'),
  ...service,
)

// @sigstore/sign logs a DSSE envelope in a form that Rekor v2 refuses: the log entry over the digest of the PAE is asked for here.
const { FulcioSigner, TSAWitness } = createRequire(join(SIGSTORE_SIGN ?? ROOT, 'index.js'))('@sigstore/sign')
const payload = readFileSync(STATEMENT)
const type = 'application/vnd.in-toto+json'
const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload])
const signer = new FulcioSigner({
  fulcioBaseURL: SIGSTORE,
  identityProvider: { getToken: () => tokenFor('dev@example.com') },
})
const { signature, key } = await signer.sign(pae)
const certificate = new X509Certificate(key.certificate).raw.toString('base64')
const stamp = await new TSAWitness({ tsaBaseURL: SIGSTORE_TSA.replace('/api/v1/timestamp', '') }).testify(
  { $case: 'messageSignature', messageSignature: { signature, messageDigest: undefined } },
  key.certificate,
)
const answer = await fetch(`${SIGSTORE_REKOR}/api/v2/log/entries`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    hashedRekordRequestV002: {
      digest: createHash('sha256').update(pae).digest('base64'),
      signature: {
        content: signature.toString('base64'),
        verifier: { x509Certificate: { rawBytes: certificate }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  }),
})
if (!answer.ok) throw new Error(`Rekor: ${answer.status} ${await answer.text()}`)
const bundle = {
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: {
    certificate: { rawBytes: certificate },
    tlogEntries: [await answer.json()],
    timestampVerificationData: {
      rfc3161Timestamps: stamp.rfc3161Timestamps.map(({ signedTimestamp }) => ({
        signedTimestamp: Buffer.from(signedTimestamp).toString('base64'),
      })),
    },
  },
  dsseEnvelope: {
    payload: payload.toString('base64'),
    payloadType: type,
    signatures: [{ sig: signature.toString('base64') }],
  },
}
writeFileSync(join(OUT, 'sigstore-js.bundle.json'), JSON.stringify(bundle))
writeFileSync(join(OUT, 'trusted_root.json'), readFileSync(SIGSTORE_TRUSTED_ROOT))
const versions = execFileSync('cosign-v3', ['version', '--json']).toString()
console.log(`cosign ${JSON.parse(versions).gitVersion}, @sigstore/sign, issuer ${SIGSTORE_OIDC}`)
