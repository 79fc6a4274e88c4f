/**
 * Begins to open the private key that a journal will most likely name, while the database is still being asked: the password's work takes a tenth of
 * a second on another thread. The key signs nothing before the journal has named it.
 */
import { COSIGN_LABELS } from '../keys/cosign-key.ts'
import { pemBlocks } from '../keys/pem.ts'
import { type SignerOptions, signerOfPem } from '../signing/open-signer.ts'
import type { KeySigner } from '../signing/signer.ts'
import type { KeyStore } from './keystore.ts'

/** Opens the private key of this name in a key store. */
export type OpenNamed = (name: string) => Promise<KeySigner>

/** @example await openNamed(store, password)('3f0c…-2') */
export function openNamed(store: Pick<KeyStore, 'read'>, password: SignerOptions['password']): OpenNamed {
  return async (name) => signerOfPem(`${name}.key`, await store.read(name), password)
}

/**
 * As {@link openNamed}, with the newest private key of the store being opened from now on. A guess that was wrong, or failed, costs time and
 * nothing else. Whoever may put a file beside the keys chooses the newest one: only what cosign's reader bounds is opened on a guess. PKCS#8 may
 * ask for 2^31 rounds of PBKDF2, on this thread, and nothing could stop them.
 *
 * @example const open = openEarly(store, password); …; await open(keyName(journal.id, n))
 */
export function openEarly(store: Pick<KeyStore, 'list' | 'read'>, password: SignerOptions['password']): OpenNamed {
  const open = openNamed(store, password)
  const guess = newestIn(store).then(async (name) => {
    const pem = name === undefined ? '' : await store.read(name)
    const isBounded = pemBlocks(pem).every(({ label }) => COSIGN_LABELS.includes(label))
    return name === undefined || !isBounded ? undefined : { name, signer: signerOfPem(`${name}.key`, pem, password) }
  })
  guess.then((made) => made?.signer).catch(() => undefined) // said by whoever needs the key
  return async (name) => {
    const made = await guess.catch(() => undefined)
    const early = made?.name === name ? await made.signer.catch(() => undefined) : undefined
    return early ?? open(name)
  }
}

/** The name that ends with the highest number; undefined in a store without private keys. */
async function newestIn(store: Pick<KeyStore, 'list'>): Promise<string | undefined> {
  const numberOf = (name: string): number => Number(/-(\d{1,9})$/.exec(name)?.[1] ?? -1)
  const names = (await store.list()).filter(({ hasPrivate }) => hasPrivate).map(({ name }) => name)
  return names.toSorted((a, b) => numberOf(b) - numberOf(a))[0]
}
