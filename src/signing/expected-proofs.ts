/** What a signer will put beside its signature, in the usual length: so that a plan can count it, and see where it has no place. Pure. */
import type { ProofKind, Proofs } from '../model/proofs.ts'

/** About as long as a short-lived certificate of a workflow. Nobody's: its key was thrown away as it was made. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIC3jCCAoWgAwIBAgIUV48Vhb6EvNFJSsDX8+xPwCp86KEwCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWcGxhY2Vob2xkZXIsIG9mIG5vYm9keTAgFw0yNjExMjcyMDIz
MzJaGA8yMTI2MTEwMzIwMjMzMlowITEfMB0GA1UEAwwWcGxhY2Vob2xkZXIsIG9m
IG5vYm9keTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOo6aY8WysRvr2K6tGMm
UIezshbGAvUsEEf8O0aN2kPhft8t8p9ewyDwZdjbr6nZ1Iga7jM6M7x0F5N5HkfW
07OjggGXMIIBkzAdBgNVHQ4EFgQUpZT7FEUqF5nU0/Vk66UUJBk0pT0wHwYDVR0j
BBgwFoAUpZT7FEUqF5nU0/Vk66UUJBk0pT0wDwYDVR0TAQH/BAUwAwEB/zCBkQYD
VR0RBIGJMIGGhoGDaHR0cHM6Ly9wbGFjZWhvbGRlci5leGFtcGxlL2EtbmFtZS1h
Ym91dC1hcy1sb25nLWFzLXRoYXQtb2YtYS13b3JrZmxvdy9pbi1hLXJlcG9zaXRv
cnkvLmdpdGh1Yi93b3JrZmxvd3MvYnVpbGQueWFtbEByZWZzL2hlYWRzL21haW4w
MgYKKwYBBAGDvzABCAQkDCJodHRwczovL2lzc3Vlci5wbGFjZWhvbGRlci5leGFt
cGxlMHgGCisGAQQBg78wAQEEagxoYSBzaWduZWQgY2VydGlmaWNhdGUgdGltZXN0
YW1wIHdvdWxkIHRha2UgdGhpcyByb29tLCBhIHNpZ25lZCBjZXJ0aWZpY2F0ZSB0
aW1lc3RhbXAgd291bGQgdGFrZSB0aGlzIHJvb20wCgYIKoZIzj0EAwIDRwAwRAIg
NE3ybhOoc3QoN8xh5HDqhHmzgNoa4T2IBWDFh65jqYsCIBTWnL8LEi9T0SmWgz/J
3ceWZBIrIHqWuqDAik3c/CeR
-----END CERTIFICATE-----
`
/** Blanks of the usual length, which a plan counts and nobody stores: an entry of Rekor v2 has 2,110 bytes in an almost empty tree, and 44 more for each level of it. */
const LOG_ENTRY = JSON.stringify({ room: ' '.repeat(3400) })
const LOG_PROOF = JSON.stringify({ room: ' '.repeat(1800) })
/** A response of an authority that sends its certificate along is larger than one that does not (670 bytes). */
const TIMESTAMP_BYTES = 1500

/**
 * Proofs of those kinds.
 *
 * @example expectedProofs(['certificate', 'logEntries', 'timestamps'])
 */
export function expectedProofs(kinds: readonly ProofKind[]): Proofs {
  const all: Required<Proofs> = {
    certificate: CERTIFICATE,
    chain: CERTIFICATE,
    logEntries: [LOG_ENTRY],
    logProof: LOG_PROOF,
    timestamps: [new Uint8Array(TIMESTAMP_BYTES)],
  }
  return Object.fromEntries(kinds.map((kind) => [kind, all[kind]]))
}
