/** Proofs for the conformance suite: made by hand, of the right shape, and of no log or authority. */
import { createHash } from 'node:crypto'
import { LEAF } from './samples.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A checkpoint with a signature line, as a log writes it. */
const checkpoint = (origin: string, size: number): string =>
  `${origin}\n${size}\n${base64('a root hash of thirty-two bytes!')}\n\n\u2014 ${origin} ${base64('hint and signature')}\n`

/** A signature over `made by hand`, and the key that made it and was thrown away: readers of Rekor v1 check it as they read. */
const SIGNATURE = 'MEUCIHyaQ4m4p/TsDopukX/q38nvsNi/wIc2yNKWH7b1d4JVAiEAplJHoboQuL9tOm8XTnlpIfqDzRG661iL6/ShtSFUoK4='
const KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENXwWeHD7sSArVIN/NOvjq/ZGvyFS
MkRtD4DjUNVh1H/Ltf0zwDVE7w9+YICyAgq0IIwqG2Nqfuds+5/kIBQ8hQ==
-----END PUBLIC KEY-----
`

/** What the log has entered: a digest, a signature over it, and what verifies it. */
function bodyOf(version: string): string {
  const digest = createHash('sha256').update('made by hand')
  const leaf = LEAF.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  const spec =
    version === '0.0.1'
      ? {
          data: { hash: { algorithm: 'sha256', value: digest.digest('hex') } },
          signature: { content: SIGNATURE, publicKey: { content: base64(KEY) } },
        }
      : {
          hashedRekordV002: {
            data: { algorithm: 'SHA2_256', digest: digest.digest('base64') },
            signature: {
              content: SIGNATURE,
              verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate: { rawBytes: leaf } },
            },
          },
        }
  return base64(JSON.stringify({ apiVersion: version, kind: 'hashedrekord', spec }))
}

function logEntry(made: { index: number; origin: string; version: string; time: string; promise?: string }): string {
  const { index, origin, version, time, promise } = made
  return JSON.stringify({
    logIndex: String(index),
    logId: { keyId: base64('a log id of thirty-two bytes, no') },
    kindVersion: { kind: 'hashedrekord', version },
    integratedTime: time,
    ...(promise === undefined ? {} : { inclusionPromise: { signedEntryTimestamp: base64(promise) } }),
    inclusionProof: {
      logIndex: String(index),
      rootHash: base64('a root hash of thirty-two bytes!'),
      treeSize: String(index + 1),
      hashes: [base64('a node hash of thirty-two bytes!')],
      checkpoint: { envelope: checkpoint(origin, index + 1) },
    },
    canonicalizedBody: bodyOf(version),
  })
}

/** As Rekor v1 gives them: a signed entry timestamp and an inclusion proof. */
export const LOG_ENTRY = logEntry({
  index: 7,
  origin: 'rekor.example - 1',
  version: '0.0.1',
  time: '1734374576',
  promise: 'a promise',
})
/** As Rekor v2 gives them: no time and no promise. */
export const LOG_ENTRY_V2 = logEntry({ index: 11, origin: 'log2025.example', version: '0.0.2', time: '0' })

/** What cosign keeps in `dev.sigstore.cosign/bundle`. */
export const LOG_PROOF = JSON.stringify({
  SignedEntryTimestamp: base64('another promise'),
  Payload: {
    body: base64('{"apiVersion":"0.0.1","kind":"intoto","spec":{"note":"made by hand"}}'),
    integratedTime: 1734374500,
    logIndex: 5,
    logID: Buffer.from('a log id of thirty-two bytes, no').toString('hex'),
  },
})

/** DER of nothing but a status, as a refusal of a time-stamp authority looks. */
export const STAMPS: readonly Uint8Array[] = [
  new Uint8Array([48, 5, 48, 3, 2, 1, 2]),
  new Uint8Array([48, 5, 48, 3, 2, 1, 1]),
]
