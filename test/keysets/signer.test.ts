/** Signing with the active key of a journal. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEarly, openNamed } from '../../src/keysets/early-key.ts'
import type { JournalName } from '../../src/keysets/journal.ts'
import { revoke } from '../../src/keysets/revoke.ts'
import type { RotateJob } from '../../src/keysets/rotate-job.ts'
import { rotate } from '../../src/keysets/run-steps.ts'
import { journalSigner, journalTrust } from '../../src/keysets/signer.ts'
import type { Signer } from '../../src/signing/signer.ts'
import {
  emptyStore,
  type JournalRig,
  journalFor,
  journalRig,
  rotateJob,
  STORE_PASSWORD,
  stateOf,
} from '../support/journal.ts'

const TEXT = Buffer.from('a text')

describe('the signer of a journal', () => {
  let rig: JournalRig
  let store: ReturnType<typeof emptyStore>
  let journal: JournalName
  let job: RotateJob
  let clock: number
  beforeEach(async () => {
    rig = await journalRig('sqlite')
    store = emptyStore()
    journal = await journalFor(rig.journals, store)
    job = rotateJob(rig.journals, journal, store)
    clock = 0
  })
  afterEach(() => rig.close())

  const password = async (): Promise<string> => STORE_PASSWORD
  const signerNow = async (more: Partial<Parameters<typeof journalSigner>[0]> = {}): Promise<Signer> => {
    const trust = journalTrust(await stateOf(rig.journals, journal), await store.list())
    return journalSigner({
      journals: rig.journals,
      journal,
      store,
      open: openNamed(store, password),
      trust: async () => trust,
      now: () => clock,
      ...more,
    })
  }
  /** Number of the key that signs. */
  const signedBy = async (signer: Signer): Promise<number | undefined> => {
    const { sig, publicKey } = await signer.sign(TEXT)
    expect(verify('sha256', TEXT, publicKey, sig)).toBe(true)
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const { keys } = await stateOf(rig.journals, journal)
    return keys.find(({ key }) => key !== undefined && Buffer.from(key.spki).equals(spki))?.n
  }

  /** The store, and the names of the private keys that were read. */
  const counted = () => {
    const reads: string[] = []
    const counting = {
      ...store,
      read(name: string) {
        reads.push(name)
        return store.read(name)
      },
    }
    return { counting, reads }
  }

  it('refuses while no key is active', async () => {
    await expect((await signerNow()).sign(TEXT)).rejects.toMatchObject({ code: 'journal_inactive' })
    await rotate({ ...job, wanted: 'prepare' })
    await expect((await signerNow()).sign(TEXT)).rejects.toMatchObject({ code: 'journal_inactive' })
  })

  it('asks the journal again after a minute, not before, and opens a key once', async () => {
    await rotate(job)
    await rotate({ ...job, wanted: 'prepare' })
    const { counting, reads } = counted()
    const signer = await signerNow({ open: openNamed(counting, password) })
    expect(await signedBy(signer)).toBe(1)
    await rotate({ ...job, wanted: 'activate' })
    clock = 59_999
    expect(await signedBy(signer)).toBe(1)
    clock = 60_000
    expect(await Promise.all([signedBy(signer), signedBy(signer), signedBy(signer)])).toEqual([2, 2, 2])
    clock = 120_000
    expect(await signedBy(signer)).toBe(2)
    expect(reads).toHaveLength(2)
  })

  it('takes the newest key that was opened ahead, and opens no other', async () => {
    await rotate(job)
    const { counting, reads } = counted()
    const open = openEarly(counting, password)
    await expect.poll(() => reads).toEqual([`${journal.id}-1`]) // the journal was not asked yet
    expect(await signedBy(await signerNow({ open }))).toBe(1)
    expect(reads).toHaveLength(1)
  })

  it('signs with the active key, although a newer one was opened ahead', async () => {
    await rotate(job)
    await rotate({ ...job, wanted: 'prepare' })
    const { counting, reads } = counted()
    expect(await signedBy(await signerNow({ open: openEarly(counting, password) }))).toBe(1)
    expect(reads).toEqual([`${journal.id}-2`, `${journal.id}-1`])
  })

  it('opens the key by its name where nothing could be opened ahead', async () => {
    await rotate(job)
    const list = (): Promise<never> => Promise.reject(new Error('away'))
    expect(await signedBy(await signerNow({ open: openEarly({ ...store, list }, password) }))).toBe(1)
    let asked = 0
    const wrongOnce = async (): Promise<string> => (asked++ === 0 ? 'wrong' : STORE_PASSWORD)
    expect(await signedBy(await signerNow({ open: openEarly(store, wrongOnce) }))).toBe(1)
  })

  it('on a guess opens no key file that may ask for any amount of work', async () => {
    await rotate(job)
    const { privateKey } = generateKeyPairSync('ed25519')
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: STORE_PASSWORD })
    await store.make('zz-999999999', String(pem))
    const { counting, reads } = counted()
    const asked: string[] = []
    const open = openEarly(counting, () => {
      asked.push(reads.at(-1) ?? '')
      return password()
    })
    expect(await signedBy(await signerNow({ open }))).toBe(1)
    expect(reads).toEqual(['zz-999999999', `${journal.id}-1`])
    expect(asked).toEqual([`${journal.id}-1`]) // nothing was derived for the other one
  })

  it('a revoked key signs nothing after the next question', async () => {
    await rotate(job)
    const signer = await signerNow()
    expect(await signedBy(signer)).toBe(1)
    const kid = (await stateOf(rig.journals, journal)).keys[0]?.key?.kid ?? ''
    await revoke(job, { kid, reason: 'stolen', since: 0 })
    clock = 60_000
    await expect(signer.sign(TEXT)).rejects.toMatchObject({ code: 'journal_inactive' })
    expect(journalTrust(await stateOf(rig.journals, journal), await store.list()).keys).toMatchObject([
      { revoked: { since: 0, reason: 'stolen' } },
    ])
  })

  it('with the database away signs no more after a minute, and again once it is back', async () => {
    await rotate(job)
    let isAway = false
    const journals = { active: (id: string) => (isAway ? Promise.reject(new Error('away')) : rig.journals.active(id)) }
    const signer = await signerNow({ journals })
    expect(await signedBy(signer)).toBe(1)
    isAway = true
    clock = 60_000
    await expect(signer.sign(TEXT)).rejects.toThrow('away')
    isAway = false
    expect(await signedBy(signer)).toBe(1)
  })

  it('a key that was made after the trust was read signs nothing: nobody would take its copies for ours', async () => {
    await rotate(job)
    const signer = await signerNow()
    await rotate({ ...job, wanted: 'prepare' })
    await rotate({ ...job, wanted: 'activate' })
    await expect(signer.sign(TEXT)).rejects.toMatchObject({ code: 'conflict', hint: 'run the same command again' })
    expect(await signedBy(await signerNow())).toBe(2)
  })

  it('a file that is not the key of its row is refused, and so is one that is gone', async () => {
    await rotate(job)
    await rotate({ ...job, wanted: 'prepare' })
    const file = (n: number): string => join(store.folder, `${journal.id}-${n}.key`)
    rmSync(file(1))
    await expect((await signerNow()).sign(TEXT)).rejects.toMatchObject({ code: 'storage_io' })
    copyFileSync(file(2), file(1))
    await expect((await signerNow()).sign(TEXT)).rejects.toMatchObject({
      code: 'key_unreadable',
      location: store.location,
    })
  })

  it('what old keys signed counts as ours', async () => {
    await rotate(job)
    await rotate({ ...job, wanted: 'prepare' })
    await rotate({ ...job, wanted: 'activate' })
    const state = await stateOf(rig.journals, journal)
    const kids = state.keys.map(({ key }) =>
      createPublicKey({ key: Buffer.from(key?.spki ?? []), format: 'der', type: 'spki' }),
    )
    expect(
      journalTrust(state, await store.list()).keys.map(({ publicKey }) =>
        kids.findIndex((one) => one.equals(publicKey)),
      ),
    ).toEqual([0, 1])
  })
})
