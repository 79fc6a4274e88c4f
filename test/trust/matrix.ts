/**
 * Which keys of which kind go from whom to whom. Plain data: docs/trust.md prints it, and test/trust/matrix.test.ts holds it against the real tools.
 */
export const KINDS = ['ECDSA P-256', 'ECDSA P-384', 'ECDSA P-521', 'Ed25519', 'RSA 2048', 'certificate'] as const
export type KindName = (typeof KINDS)[number]

/** cosign 2.6.5 and 3.1.3; sigstore-js signs with @sigstore/sign 5.1.0 and verifies with @sigstore/verify 4.1.3. */
export const TOOLS = ['prov', 'cosign-v2', 'cosign-v3', 'sigstore-js'] as const
export type ToolName = (typeof TOOLS)[number]

/** By kind and signer, who verifies; a signer that is not here does not sign with such a key, or was not tried (sigstore-js with a plain key). */
export const MATRIX: Readonly<Record<KindName, Readonly<Partial<Record<ToolName, readonly ToolName[]>>>>> = {
  'ECDSA P-256': { prov: TOOLS, 'cosign-v2': TOOLS, 'cosign-v3': TOOLS },
  // cosign attests with the hash of the curve, and verifies with SHA-256 alone.
  'ECDSA P-384': { prov: TOOLS, 'cosign-v2': ['prov'], 'cosign-v3': ['prov'] },
  'ECDSA P-521': { 'cosign-v2': ['prov'], 'cosign-v3': ['prov'] },
  // cosign attests with Ed25519ph here, which nobody verifies, itself included.
  Ed25519: { prov: TOOLS, 'cosign-v2': [], 'cosign-v3': [] },
  'RSA 2048': { prov: TOOLS, 'cosign-v2': TOOLS, 'cosign-v3': TOOLS },
  certificate: { 'cosign-v3': TOOLS, 'sigstore-js': TOOLS },
}
