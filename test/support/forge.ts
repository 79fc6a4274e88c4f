/** Bytes as a forger would have them. */
import { editRun } from './stage.ts'

/** With the last bit turned over. */
export const flipped = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes)
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
  return copy
}

interface Envelope {
  readonly payload: string
  readonly signatures: readonly { readonly sig: string }[]
}

/** A DSSE envelope with another payload under the old signature. */
export const withPayload = (envelope: Buffer): Buffer => {
  const json = JSON.parse(envelope.toString()) as Envelope
  const payload = Buffer.from(json.payload, 'base64').toString().replace('ruby-bundler', 'evil-bundler')
  return Buffer.from(JSON.stringify({ ...json, payload: Buffer.from(payload).toString('base64') }))
}
/** The same, with a bit of its signature turned over. */
export const withSignature = (envelope: Buffer): Buffer => {
  const json = JSON.parse(envelope.toString()) as Envelope
  const signatures = json.signatures.map((one) => ({
    ...one,
    sig: flipped(Buffer.from(one.sig, 'base64')).toString('base64'),
  }))
  return Buffer.from(JSON.stringify({ ...json, signatures }))
}
/** A simplesigning payload that says something else. */
export const otherText = (payload: Buffer): Buffer =>
  Buffer.from(payload.toString().replace('cosign container image signature', 'no such signature'))
export const garbage = (): Buffer => Buffer.from('\u0000 not what you think')

export const SIGNATURE = 'dev.cosignproject.cosign/signature'
export const CERTIFICATE = 'dev.sigstore.cosign/certificate'

/** Of a key that is nobody's any more. */
export const CERTIFICATE_OF_ANOTHER = `-----BEGIN CERTIFICATE-----
MIIBnzCCAUWgAwIBAgIUA6xw3zzKmm6E/9Z9jDa9HQ80VRswCgYIKoZIzj0EAwIw
JTEjMCEGA1UEAwwac29tZWJvZHkgZWxzZSAodGhyb3ctYXdheSkwHhcNMjYxMTIy
MDk1NTMxWhcNNDYxMTE3MDk1NTMxWjAlMSMwIQYDVQQDDBpzb21lYm9keSBlbHNl
ICh0aHJvdy1hd2F5KTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJPtugGPk/xC
Ka+RRTuC/E9vp9LTJC7gCpQhTUBfvqBNBVjzznFaAO103080hWtIXMtgU/N/XClA
gwF9Np/d5SujUzBRMB0GA1UdDgQWBBSbB7Ulr2EwAUaPgZjcs5K/J3OGAzAfBgNV
HSMEGDAWgBSbB7Ulr2EwAUaPgZjcs5K/J3OGAzAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIQDnmqh5f2tmAhCLIerZn4a4/9UQVfB5+aJhkT3oLvFw
MgIgffj9pfzzjqOLlfv4RaxvgokTPDU98e/uSoxfRIHk5N0=
-----END CERTIFICATE-----
`

/** Takes away the annotations under these of Chains' keys. */
export function forget(file: string, ...keys: readonly string[]): void {
  editRun(file, ({ metadata: { annotations } }) => {
    for (const name of Object.keys(annotations)) {
      if (keys.some((key) => name.endsWith(`-${key}`))) delete annotations[name]
    }
  })
}
