/** A wrong --key: every copy says that one other key has signed it. Pure. */

import type { Reading } from '../copies/read-copies.ts'
import { isKeyName } from '../keys/key-id.ts'
import type { Signature } from '../model/entry.ts'
import type { Trust } from '../trust/trust.ts'

/** What the copies say of their key, and which ones were given. Nothing of it is proven: a key id is not signed. */
export interface OtherKey {
  /** As the copies name it: Chains' `SHA256:…`, or the hint of a bundle. */
  readonly keyid: string
  readonly given: readonly { readonly keyid: string; readonly source: string }[]
}

/** What was seen of the keys so far; a report of any length needs no more. */
export interface KeyWatch {
  see(readings: readonly Reading[]): void
  /** Undefined when a copy verified, none was found, or they name several keys, one that was given, or what is no name of a key. */
  found(trust: Trust): OtherKey | undefined
}

/** @example const watch = keyWatch(); watch.see(readings); watch.found(trust)?.keyid // 'SHA256:…' */
export function keyWatch(): KeyWatch {
  const ids = new Set<string>()
  const hints = new Set<string>()
  let copies = 0
  let verified = 0
  return {
    see(readings) {
      for (const { judged } of readings) {
        if (judged === undefined) continue
        verified += judged.good.length + judged.neighbours.length
        for (const { found, claims, code } of judged.others) {
          if (!claims || found.entry === undefined) continue
          if (code === 'wrong_artifact') verified++
          copies++
          for (const signature of found.entry.signatures) note(signature)
        }
      }
    },
    found({ keys }) {
      if (keys.length === 0 || copies === 0 || verified > 0 || ids.size > 1 || hints.size > 1) return undefined
      const [keyid] = [...ids, ...hints]
      if (keyid === undefined || !isKeyName(keyid)) return undefined
      if (keys.some((key) => ids.has(key.keyid) || hints.has(key.hint))) return undefined
      return { keyid, given: keys.map((key) => ({ keyid: key.keyid, source: key.source })) }
    },
  }

  function note({ keyid, keyHint }: Signature): void {
    if (keyid && ids.size < 2) ids.add(keyid)
    if (keyHint && hints.size < 2) hints.add(keyHint)
  }
}

/** @example otherKeyText(found) // 'every copy is signed by SHA256:…; you gave SHA256:… (cosign.pub)' */
export function otherKeyText({ keyid, given }: OtherKey): string {
  const keys = given.slice(0, 5).map(({ keyid: own, source }) => `${own} (${source})`)
  const more = given.length > keys.length ? ` and ${given.length - keys.length} more` : ''
  return `every copy is signed by ${keyid}; you gave ${keys.join(', ')}${more}`
}
