/** What each step of a rotation does. The journal says so before anything is made, published or used; every step can be done twice. */
import { createPublicKey } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { generateKeyPair } from '../keys/generate.ts'
import { algorithmOf, publicJwk } from '../keys/jwk.ts'
import { spki } from '../keys/key-id.ts'
import { signerOfPem } from '../signing/open-signer.ts'
import { type EventFacts, type JournalChange, type JournalKey, type JournalState, keyName } from './journal.ts'
import type { PublicationProof } from './publication.ts'
import type { Step } from './rotate.ts'
import type { DoneStep, RotateJob } from './rotate-job.ts'
import { openKey } from './signer.ts'
import { keysToPublish } from './to-publish.ts'

export type Doing = Exclude<Step, { readonly do: 'wait' | 'refuse' | 'nothing' }>
/** `lost`: somebody else changed the journal first; nothing was written. */
export type Done = 'lost' | { readonly step: DoneStep; readonly proof?: PublicationProof }

/** @example const done = await stepsOf(job)(step, state) */
export function stepsOf(job: RotateJob): (step: Doing, state: JournalState) => Promise<Done> {
  const { journals, store, journal, who, signal } = job
  /** Public halves of what this very run has made: nobody else can have put another key there. */
  const made = new Map<number, Uint8Array>()

  const change = (state: JournalState, wanted: JournalChange): Promise<boolean> => journals.change(state, wanted, who)

  async function make(n: number, state: JournalState): Promise<DoneStep> {
    const signing = state.keys.find(({ status }) => status === 'active')
    if (signing !== undefined) await tryPassword(signing, job)
    const name = keyName(journal.id, n)
    const pair = await generateKeyPair(await passwordOf(job), job.random)
    if (await store.make(name, pair.privatePem)) made.set(n, spki(createPublicKey(pair.publicPem)))
    return { step: 'make', n }
  }

  async function record(n: number, state: JournalState): Promise<Done> {
    const name = keyName(journal.id, n)
    const bytes =
      made.get(n) ?? spki((await signerOfPem(`${name}.key`, await store.read(name), job.password)).publicKey)
    const pem = createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' }).export({
      type: 'spki',
      format: 'pem',
    })
    await store.makePublic(name, String(pem))
    const jwk = await publicJwk(bytes)
    const key = { kid: jwk.kid, spki: bytes, alg: algorithmOf(jwk) }
    const what = { did: 'prepare', n, kid: key.kid } as const
    const won = await change(state, { update: [{ n, status: 'prepared', key }], what })
    return won ? { step: { step: 'record', n, kid: key.kid } } : 'lost'
  }

  async function publish(key: JournalKey, state: JournalState): Promise<Done> {
    const keys = await keysToPublish(state, store)
    const { seq } = (await job.publish?.(keys, signal)) ?? { seq: 0 }
    const what = { did: 'publish', ...named(key), seq } as const
    const won = await change(state, { update: [{ n: key.n, status: 'published', published: { after: 0 } }], what })
    return won ? { step: stepOf('publish', key) } : 'lost'
  }

  async function prove(key: JournalKey, state: JournalState): Promise<Done> {
    const proof = (await job.proof?.(key.key?.kid ?? '', signal)) ?? { seen: [], missing: [] }
    if (proof.activates === undefined) return { step: stepOf('prove', key), proof }
    // This machine's clock said when; the database's says until then.
    const after = Math.max(0, Date.parse(proof.activates) - job.now())
    const update = [{ n: key.n, activates: { after }, proof }]
    const what = { did: 'prove', ...named(key), urls: proof.seen.length } as const
    return (await change(state, { update, what })) ? { step: stepOf('prove', key), proof } : 'lost'
  }

  async function activate(key: JournalKey, before: JournalKey | undefined, state: JournalState): Promise<Done> {
    const isEarly = key.activates === undefined || key.activates > state.now
    const what: EventFacts = {
      did: 'activate',
      ...named(key),
      ...(before?.key === undefined ? {} : { before: before.key.kid }),
      ...(isEarly ? { unsafe: true } : {}),
    }
    const ending = before === undefined ? [] : [{ n: before.n, status: 'old', ended: { after: 0 } } as const]
    const retires = { after: job.validityMs }
    const update = [...ending, { n: key.n, status: 'active', activates: { after: 0 }, retires } as const]
    return (await change(state, { update, what })) ? { step: stepOf('activate', key) } : 'lost'
  }

  return async (step, state) => {
    switch (step.do) {
      case 'intend': {
        const { n } = step
        const what = { did: 'intend', n } as const
        return (await change(state, { insert: [{ n, status: 'intended' }], what }))
          ? { step: { step: 'intend', n } }
          : 'lost'
      }
      case 'make':
        return { step: await make(step.n, state) }
      case 'record':
        return record(step.n, state)
      case 'publish':
        return publish(step.key, state)
      case 'prove':
        return prove(step.key, state)
      case 'activate':
        return activate(step.key, step.before, state)
      case 'retire': {
        const { n } = step.key
        const what = { did: 'retire', ...named(step.key) } as const
        return (await change(state, { update: [{ n, status: 'retired' }], what }))
          ? { step: stepOf('retire', step.key) }
          : 'lost'
      }
      case 'destroy':
        await store.destroy(keyName(journal.id, step.key.n))
        return { step: stepOf('destroy', step.key) }
    }
  }
}

function stepOf(step: DoneStep['step'], key: JournalKey): DoneStep {
  return { step, ...named(key) }
}

function named({ n, key }: JournalKey): { readonly n: number; readonly kid?: string } {
  return { n, ...(key === undefined ? {} : { kid: key.kid }) }
}

/**
 * All keys of a store have one password: a wrong one shows with the key that signs now, not when the next one should. A file that is lost or
 * no key keeps nobody from making the next key.
 */
async function tryPassword(signing: JournalKey, job: RotateJob): Promise<void> {
  await openKey(signing, job).catch((thrown: unknown) => {
    if (!(thrown instanceof ProvError) || thrown.code !== 'key_password') return
    throw new ProvError('key_password', `the next key is not made: ${thrown.message}`, {
      location: job.store.location,
      hint: 'all keys of a store have one password: give that of the key that signs now (a file that is damaged can be moved away)',
    })
  })
}

async function passwordOf({ password }: RotateJob): Promise<string | Uint8Array> {
  const given = await password()
  if (given !== undefined) return given
  throw new ProvError('key_password', 'a password for the new key is needed, and none was given', {
    hint: 'use --password-file FILE, or set PROV_PASSWORD or COSIGN_PASSWORD',
  })
}
