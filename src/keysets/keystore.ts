/** The port of a key store: private keys, encrypted as `prov keys generate` makes them, with their public halves. Nothing in it is ever overwritten. */
import type { KeyObject } from 'node:crypto'

/** A name holds a private key, its public half, or both. */
export interface StoredKey {
  /** Without `.key` and `.pub`. */
  readonly name: string
  readonly hasPrivate: boolean
  /** As its public file says: whoever signs compares it with the private key. Absent where there is none, or none that can be used. */
  readonly publicKey?: KeyObject
}

export interface KeyStore {
  /** For messages: `folder:/etc/prov/keys`, `secret:ci/prov-keys`. */
  readonly location: string
  /** By name. */
  list(): Promise<readonly StoredKey[]>
  /** Writes a private key; false where one of that name is there: it stays. What could not be written as a whole leaves nothing behind. */
  make(name: string, privatePem: string): Promise<boolean>
  /** Writes the public half beside it; one that is there stays. */
  makePublic(name: string, publicPem: string): Promise<void>
  /** PEM of a private key. Throws `key_unreadable` where there is none. */
  read(name: string): Promise<string>
  /** Removes a private key for good, and leaves its public half; false where there was none. */
  destroy(name: string): Promise<boolean>
  /** Notes for which journal this store was set up, unless that is noted already; gives the id that is noted. */
  claim(journal: string): Promise<string>
  /** What {@link KeyStore.claim} has noted; undefined before. */
  claimed(): Promise<string | undefined>
  close(): void
}
