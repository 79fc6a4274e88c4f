/** A Sigstore trusted root as the checks need it. Refuses what it does not say in full: a window without a start is open to everything before. */
import { createHash, X509Certificate } from 'node:crypto'
import { X509Certificate as ParsedCertificate } from '@sigstore/core'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { type TrustMaterial, toTrustMaterial } from '@sigstore/verify'
import { ProvError } from '../errors.ts'
import { isRecord } from '../platform/text/guards.ts'
import { isUnderstood } from './chain.ts'
import type { RootWindow } from './trust.ts'

/** The key of a transparency log; times in milliseconds since the epoch, `until` infinite where it has no end. */
export interface LogKey {
  /** The log's id in lower-case hex, as its entries name it. */
  readonly id: string
  readonly from: number
  readonly until: number
}

export interface RootMaterial {
  readonly source: string
  /** `sha256:<hex>` of what it says, however it is spelled. */
  readonly hash: string
  readonly material: TrustMaterial
  readonly logs: readonly LogKey[]
  readonly windows: readonly RootWindow[]
}

/** What the root of a file or of an update is called, and what was read. */
export interface ReadRoot {
  readonly source: string
  readonly json: unknown
}

const MEDIA_TYPES = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.2\+json)$/

/**
 * The material of a trusted root. Throws `trust_unreadable` for another document, keys that cannot be read, a window without a start.
 *
 * @example rootMaterial({ source: 'root.json', json }).logs.length // 2
 */
export function rootMaterial({ source, json }: ReadRoot): RootMaterial {
  if (!isRecord(json) || typeof json['mediaType'] !== 'string' || !MEDIA_TYPES.test(json['mediaType'])) {
    throw refused(source, 'is not a Sigstore trusted root: its mediaType is another')
  }
  let root: TrustedRoot
  let material: TrustMaterial
  try {
    root = TrustedRoot.fromJSON(json)
    material = toTrustMaterial(root)
  } catch {
    throw refused(source, 'holds a key or a certificate that cannot be read')
  }
  const windows = windowsIn(source, root)
  const logs = material.tlogs.map(({ logID, validFor }, i) => ({
    id: logID.toString('hex'),
    from: validFor.start.getTime(),
    until: root.tlogs[i]?.publicKey?.validFor?.end?.getTime() ?? Number.POSITIVE_INFINITY,
  }))
  const twice = logs.find(({ id }, i) => logs.findIndex((other) => other.id === id) !== i)
  // Which of two keys, or of two windows, an entry means, nobody could tell.
  if (twice !== undefined) throw refused(source, `names the transparency log ${twice.id.slice(0, 16)}… twice`)
  const said = JSON.stringify(TrustedRoot.toJSON(root))
  return {
    source,
    hash: `sha256:${createHash('sha256').update(said).digest('hex')}`,
    material,
    logs,
    windows,
  }
}

function windowsIn(source: string, root: TrustedRoot): readonly RootWindow[] {
  const logs = (what: RootWindow['what'], all: TrustedRoot['tlogs']) =>
    all.map(({ baseUrl, publicKey }) => ({ what, name: baseUrl, validFor: publicKey?.validFor }))
  const authorities = (what: RootWindow['what'], all: TrustedRoot['certificateAuthorities']) =>
    all.map(({ uri, validFor }) => ({ what, name: uri, validFor }))
  const all = [
    ...logs('transparency log', root.tlogs),
    ...logs('certificate log', root.ctlogs),
    ...authorities('certificate authority', root.certificateAuthorities),
    ...authorities('timestamp authority', root.timestampAuthorities),
  ]
  return all.map(({ what, name, validFor: { start, end } = {} }) => {
    if ([start, end].some((date) => Number.isNaN(date?.getTime() ?? 0))) {
      throw refused(source, `gives a date for its ${what} ${name} that is none`)
    }
    if (start === undefined) throw refused(source, `does not say from when on its ${what} ${name} is valid`)
    return { what, name, from: start.getTime(), ...(end === undefined ? {} : { until: end.getTime() }) }
  })
}

/** A certificate authority that was given by itself. */
export interface OwnAuthority {
  readonly source: string
  readonly certificates: readonly ParsedCertificate[]
  /** sha256 of each certificate in hex, for the hash of a trust. */
  readonly digests: readonly string[]
}

/** More are in no chain. */
export const MAX_CHAIN = 10

/**
 * The chain of a CA, up to a root that has signed itself. Throws `trust_unreadable` for anything else.
 *
 * @example ownAuthority('ca.pem', pem).certificates.length // 2
 */
export function ownAuthority(source: string, pem: string): OwnAuthority {
  const blocks = certificateBlocks(pem)
  if (blocks.length === 0) throw refused(source, 'holds no certificate')
  if (blocks.length > MAX_CHAIN) throw refused(source, `holds more than ${MAX_CHAIN} certificates`)
  try {
    const parsed = blocks.map((block) => ({ own: new X509Certificate(block), library: ParsedCertificate.parse(block) }))
    if (!parsed.some(({ own }) => own.checkIssued(own))) {
      throw refused(source, 'holds no root: one certificate must have signed itself')
    }
    if (parsed.some(({ own }) => !own.ca)) throw refused(source, 'holds a certificate that is not of an authority')
    if (!parsed.every(({ library }) => isUnderstood(library))) {
      throw refused(source, 'holds a certificate that limits its use in a way that prov does not check')
    }
    return {
      source,
      certificates: parsed.map(({ library }) => library),
      digests: parsed.map(({ own }) => own.fingerprint256),
    }
  } catch (error) {
    if (error instanceof ProvError) throw error
    throw refused(source, 'holds a certificate that cannot be read')
  }
}

/** The certificates of a PEM text, each with its markers. */
export function certificateBlocks(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
}

function refused(source: string, what: string): ProvError {
  return new ProvError('trust_unreadable', `${source} ${what}`, {
    location: source,
    hint: 'get the file again from those who run the signing service; cosign trusted-root create makes one',
  })
}
