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
import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
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
// A run whose image can be pushed: of an empty manifest, so that a bundle finds what it refers to.
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: `sha256:${createHash('sha256').update('{}').digest('hex')}`,
    size: 2,
  },
  layers: [],
})
writeFileSync(join(OUT, 'image-manifest.json'), MANIFEST)
const RUN = join(OUT, 'run.json')
const made = readFileSync(join(ROOT, 'fixtures/runs/kaniko-taskrun.json'), 'utf8')
writeFileSync(RUN, made.replaceAll(/3e9bca1c[0-9a-f]{56}/g, createHash('sha256').update(MANIFEST).digest('hex')))
const STATEMENT = join(OUT, 'statement.json')
writeFileSync(
  STATEMENT,
  execFileSync('node', [join(ROOT, 'bin/prov.js'), 'payload', '--format', 'slsa/v1', RUN], {
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
)

// A connection that was kept open has ended while cosign ran: the second try opens another.
const token = async (email) => (await (await fetch(`${SIGSTORE_OIDC}/token?email=${email}`)).text()).trim()
const tokenFor = (email) => token(email).catch(() => token(email))
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

// The image signature of the same run: cosign signs the simplesigning document as a blob.
const IMAGE = join(OUT, 'simplesigning.json')
writeFileSync(
  IMAGE,
  execFileSync('node', [join(ROOT, 'bin/prov.js'), 'payload', '--format', 'simplesigning', RUN], {
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
)
const own = await tokenFor('dev@example.com')
cosign('sign-blob', '--identity-token', own, '--bundle', join(OUT, 'cosign-image.bundle.json'), ...service, IMAGE)
const KEY = join(ROOT, 'fixtures/keys/cosign.key')
cosign('sign-blob', '--key', KEY, '--bundle', join(OUT, 'key-image.bundle.json'), ...service, IMAGE)

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

/** Timestamp and log entry over a signature, and the bundle of all. */
async function bundled(sig, certificate, { hash, keyDetails }) {
  const leaf = new X509Certificate(certificate).raw.toString('base64')
  const { rfc3161Timestamps } = await new TSAWitness({
    tsaBaseURL: SIGSTORE_TSA.replace('/api/v1/timestamp', ''),
  }).testify({ $case: 'messageSignature', messageSignature: { signature: sig, messageDigest: undefined } }, certificate)
  const answer = await fetch(`${SIGSTORE_REKOR}/api/v2/log/entries`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      hashedRekordRequestV002: {
        digest: createHash(hash).update(pae).digest('base64'),
        signature: { content: sig.toString('base64'), verifier: { x509Certificate: { rawBytes: leaf }, keyDetails } },
      },
    }),
  })
  if (!answer.ok) throw new Error(`Rekor: ${answer.status} ${await answer.text()}`)
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: leaf },
      tlogEntries: [await answer.json()],
      timestampVerificationData: {
        rfc3161Timestamps: rfc3161Timestamps.map(({ signedTimestamp }) => ({
          signedTimestamp: Buffer.from(signedTimestamp).toString('base64'),
        })),
      },
    },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: type,
      signatures: [{ sig: sig.toString('base64') }],
    },
  })
}

const P256 = { hash: 'sha256', keyDetails: 'PKIX_ECDSA_P256_SHA_256' }
writeFileSync(join(OUT, 'sigstore-js.bundle.json'), await bundled(signature, key.certificate, P256))

// A key that both libraries refuse: P-384 with SHA-384, the only hash with which Rekor v2 logs it. Fulcio is asked without one of them.
const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const oidcIdentityToken = await tokenFor('dev@example.com')
const certified = await fetch(`${SIGSTORE}/api/v2/signingCert`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    credentials: { oidcIdentityToken },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: pair.publicKey.export({ type: 'spki', format: 'pem' }) },
      proofOfPossession: sign('sha384', Buffer.from('dev@example.com'), pair.privateKey).toString('base64'),
    },
  }),
})
if (!certified.ok) throw new Error(`Fulcio: ${certified.status} ${await certified.text()}`)
const { signedCertificateEmbeddedSct, signedCertificateDetachedSct } = await certified.json()
const [leaf] = (signedCertificateEmbeddedSct ?? signedCertificateDetachedSct).chain.certificates
const P384 = { hash: 'sha384', keyDetails: 'PKIX_ECDSA_P384_SHA_384' }
writeFileSync(join(OUT, 'p384.bundle.json'), await bundled(sign('sha384', pae, pair.privateKey), leaf, P384))
writeFileSync(join(OUT, 'trusted_root.json'), readFileSync(SIGSTORE_TRUSTED_ROOT))
const versions = execFileSync('cosign-v3', ['version', '--json']).toString()
console.log(`cosign ${JSON.parse(versions).gitVersion}, @sigstore/sign, issuer ${SIGSTORE_OIDC}`)
