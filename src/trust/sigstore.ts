/**
 * The checks of @sigstore/verify, one at a time: its verifier does all in one call and says of several faults only the first, so each is asked
 * with nothing else to find. Everything it is asked about one signature goes through here.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { RFC3161Timestamp, X509Certificate } from '@sigstore/core'
import type { TransparencyLogEntry } from '@sigstore/protobuf-specs'
import { type SignedEntity, type Signer, type TrustMaterial, Verifier } from '@sigstore/verify'
import { issuedUnder, isUnderstood } from './chain.ts'
import type { HashName, SignedContent } from './content.ts'
import type { Identity } from './identity.ts'
import { certificateBlocks, MAX_CHAIN, type OwnAuthority } from './root-material.ts'

/** A log entry as it was read; nothing of it is verified. */
export type LogEntry = ReturnType<typeof TransparencyLogEntry.fromJSON>

export type Stamp = SignedEntity['timestamps'][number]

export interface LibraryChecks {
  /** Why the entry does not prove that the log holds this signature; undefined when it does. */
  logFault(entry: LogEntry): Error | undefined
  /** The time that the timestamp proves, milliseconds since the epoch, and the certificate of the authority that says so; or why it proves none. */
  stampTime(der: Uint8Array): { readonly stamp: Stamp; readonly time: number; readonly authority: string } | Error
  /**
   * Who holds the certificate (DER), its chain and `scts` certificate logs checked at the times of the stamps, at least one; or why nobody does. The
   * key is the one that the library reads in it.
   */
  signerOf(certificate: Uint8Array, stamps: readonly Stamp[], scts: number): CertifiedSigner | Error
}

export interface CertifiedSigner {
  readonly key: KeyObject
  readonly identity: Identity
}

const HASHES: Readonly<Record<number, HashName>> = { 32: 'sha256', 48: 'sha384', 64: 'sha512' }
/** Stands where the library wants a key and asks nothing of it. */
const UNUSED = createSecretKey(Buffer.of(0))
const NONE = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }

/** @example libraryChecks(material, authorities, content, signature).logFault(entry) // undefined */
export function libraryChecks(
  material: TrustMaterial,
  authorities: readonly OwnAuthority[],
  content: SignedContent,
  signed: { readonly sig: Uint8Array; readonly chain?: string },
): LibraryChecks {
  const signature = Buffer.from(signed.sig)
  const entity: SignedEntity = {
    signature: {
      signature,
      compareSignature: (other) => signature.equals(other),
      compareDigest: (digest) => isDigest(digest, content.payloadDigest),
      compareSignedDigest: (digest) => isDigest(digest, content.signedDigest),
      verifySignature: () => true, // the mathematics is ours, over the algorithms that we allow
    },
    key: { $case: 'public-key', hint: '' },
    tlogEntries: [],
    timestamps: [],
  }
  const trusted: TrustMaterial = {
    ...material,
    publicKey: () => ({ publicKey: UNUSED, validFor: () => true }),
  }
  const ask = (more: Partial<SignedEntity>, demands = NONE, under = trusted): Signer | Error => {
    try {
      return new Verifier(under, demands).verify({ ...entity, ...more })
    } catch (thrown) {
      return thrown instanceof Error ? thrown : new Error(String(thrown))
    }
  }
  return {
    logFault(entry) {
      const answer = ask({ tlogEntries: [entry as SignedEntity['tlogEntries'][number]] })
      return answer instanceof Error ? answer : undefined
    },
    stampTime(der) {
      try {
        const timestamp = RFC3161Timestamp.parse(Buffer.from(der))
        const stamp: Stamp = { $case: 'timestamp-authority', timestamp }
        const answer = ask({ timestamps: [stamp] })
        if (answer instanceof Error) return answer
        const authority = Buffer.concat([timestamp.signerIssuer, timestamp.signerSerialNumber]).toString('hex')
        return { stamp, time: timestamp.signingTime.getTime(), authority }
      } catch (thrown) {
        return thrown instanceof Error ? thrown : new Error(String(thrown))
      }
    },
    signerOf(certificate, stamps, scts) {
      try {
        const leaf = X509Certificate.parse(Buffer.from(certificate))
        if (!isUnderstood(leaf)) return new Error('it limits its use in a way that prov does not know')
        const own = authorities.map((one) => withChain(one, signed.chain))
        const answer = ask(
          { key: { $case: 'certificate', certificate: leaf }, timestamps: [...stamps] },
          { ...NONE, ctlogThreshold: scts, timestampThreshold: 1 },
          { ...trusted, certificateAuthorities: [...material.certificateAuthorities, ...own] },
        )
        return answer instanceof Error ? answer : { key: answer.key, identity: identityIn(leaf) }
      } catch (thrown) {
        return thrown instanceof Error ? thrown : new Error(String(thrown))
      }
    },
  }
}

function isDigest(digest: Buffer, of: (hash: HashName) => Uint8Array): boolean {
  const hash = HASHES[digest.length]
  return hash !== undefined && digest.equals(of(hash))
}

const FOREVER = { start: new Date(0), end: new Date(8_640_000_000_000_000) }

/** An authority of one's own with the intermediates that stand beside the signature and are of this authority. */
function withChain(
  { certificates }: OwnAuthority,
  chain: string | undefined,
): TrustMaterial['certificateAuthorities'][number] {
  const beside = certificateBlocks(chain ?? '')
    .slice(0, MAX_CHAIN)
    .flatMap((pem) => {
      try {
        return [X509Certificate.parse(pem)]
      } catch {
        return []
      }
    })
  return { certChain: [...certificates, ...issuedUnder(certificates, beside)], validFor: FOREVER }
}

const SUBJECT_ALT_NAME = '2.5.29.17'
const [URI, EMAIL] = [6, 1]
const [ISSUER, ISSUER_RAW] = ['1.3.6.1.4.1.57264.1.8', '1.3.6.1.4.1.57264.1.1']

/**
 * The first URI, else the first e-mail address; and the issuer as Fulcio writes it. The library reads the same bytes as ASCII and drops the eighth
 * bit, so that to it `äev@…` is `dev@…`.
 */
function identityIn(leaf: X509Certificate): Identity {
  const names = leaf.extension(SUBJECT_ALT_NAME)?.valueObj.subs[0]?.subs ?? []
  const named = (tag: number): string => textOf(names.find((one) => one.tag.isContextSpecific(tag))?.value)
  const issuer = leaf.extension(ISSUER)
  const raw = issuer === undefined ? leaf.extension(ISSUER_RAW)?.value : issuer.valueObj.subs[0]?.value
  return { identity: named(URI) || named(EMAIL), issuer: textOf(raw) }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** "" for what is not text. */
function textOf(bytes: Uint8Array | undefined): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    return ''
  }
}
