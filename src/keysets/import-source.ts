/** What keys can be taken in from: the file of a journal, a PEM file of public keys, or a folder as `prov keys generate` fills it. */
import { createPublicKey } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { ProvError } from '../errors.ts'
import { COSIGN_LABELS } from '../keys/cosign-key.ts'
import { spki } from '../keys/key-id.ts'
import { signingKind } from '../keys/key-kind.ts'
import { pemBlocks } from '../keys/pem.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import type { JournalName } from './journal.ts'
import { type ReadKey, readJournal } from './journal-json.ts'
import type { KeyStore } from './keystore.ts'

/** A key to take in. */
export interface Importable extends Partial<Omit<ReadKey, 'spki'>> {
  readonly spki: Uint8Array
  /** Name in the folder that it came from. */
  readonly name?: string
  /** The file of its private key as it is, encrypted; absent where there is none. */
  readonly privatePem?: string
}

export interface ImportSource {
  /** The journal that the file says it belongs to; absent for PEM files and folders, which do not say. */
  readonly journal?: JournalName
  readonly keys: readonly Importable[]
}

const MAX_BYTES = 16 * 1024 * 1024
const ENCRYPTED = [...COSIGN_LABELS, 'ENCRYPTED PRIVATE KEY']

/**
 * Reads the source. Throws `input_unreadable`, `input_too_large` and `input_invalid`, and `key_unsupported` for a key that cannot sign here, or a
 * private key that is not encrypted.
 *
 * @example (await importSource('keys/', (path) => folderStore(path, options))).keys.length
 */
export async function importSource(path: string, folder: (path: string) => KeyStore): Promise<ImportSource> {
  const facts = await stat(path).catch(() => undefined)
  if (facts?.isDirectory()) return { keys: await keysIn(folder(path)) }
  const bytes = await readOrRefuse(path, MAX_BYTES, (why) => {
    return new ProvError('input_unreadable', `${path} ${why}`, { location: path })
  })
  const text = bytes.toString('utf8')
  if (!text.includes('-----BEGIN')) {
    const { journal, keys } = readJournal(path, text)
    return {
      journal,
      keys: keys.flatMap(({ spki: key, ...rest }) => (key === undefined ? [] : [{ ...rest, spki: key }])),
    }
  }
  const keys = pemBlocks(text).map(({ label, pem }, at) => {
    if (label === 'PUBLIC KEY') return { spki: publicHalf(pem, `block ${at + 1} of ${path}`) }
    throw new ProvError('input_invalid', `block ${at + 1} of ${path} is not a public key (${label})`, {
      location: path,
      hint: 'private keys are taken in from a folder, each with its .pub beside it',
    })
  })
  if (keys.length > 0) return { keys }
  throw new ProvError('input_invalid', `${path} holds no key`, { location: path })
}

async function keysIn(store: KeyStore): Promise<readonly Importable[]> {
  const keys: Importable[] = []
  for (const { name, hasPrivate, publicKey } of await store.list()) {
    if (publicKey === undefined) {
      throw new ProvError('input_invalid', `${name}.key has no usable public half beside it`, {
        location: store.location,
        hint: `cosign public-key --key ${name}.key > ${name}.pub`,
      })
    }
    signingKind(publicKey)
    const key = { name, spki: spki(publicKey) }
    keys.push(hasPrivate ? { ...key, privatePem: encrypted(name, await store.read(name)) } : key)
  }
  if (keys.length > 0) return keys
  throw new ProvError('input_invalid', `${store.location} holds no key`, { location: store.location })
}

function encrypted(name: string, pem: string): string {
  if (pemBlocks(pem).some(({ label }) => ENCRYPTED.includes(label))) return pem
  throw new ProvError('key_unsupported', `${name}.key is not encrypted, and a key store holds encrypted keys alone`, {
    location: name,
    hint: `encrypt it first: cosign import-key-pair --key ${name}.key`,
  })
}

function publicHalf(pem: string, what: string): Uint8Array {
  try {
    const key = createPublicKey(pem)
    signingKind(key)
    return spki(key)
  } catch (cause) {
    throw new ProvError('key_unsupported', `${what} is a key that no verifier here accepts`, { cause })
  }
}
