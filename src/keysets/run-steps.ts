/** Carries out a rotation, step by step: before each step it reads the journal and the key store anew, so that it may be stopped anywhere. */
import { ProvError } from '../errors.ts'
import { afterLoss, journalNow, MOST_LOST, outrun } from './changed.ts'
import { stepsOf } from './do-step.ts'
import { type JournalState, keyName } from './journal.ts'
import type { PublicationProof } from './publication.ts'
import { nextStep, type Step } from './rotate.ts'
import type { DoneStep, RotateJob } from './rotate-job.ts'
import { keysToPublish } from './to-publish.ts'

export interface Rotated {
  readonly steps: readonly DoneStep[]
  /** As it stands at the end. */
  readonly state: JournalState
  /** Why it ends before the key is active; absent where it does not. */
  readonly stopped?: Extract<Step, { readonly do: 'wait' | 'refuse' }>
  /** What was found at the public URLs, where they were read. */
  readonly proof?: PublicationProof
  /** How often somebody else was first. */
  readonly lost: number
}

/** A rotation takes eight steps; upkeep two for each key. */
const MOST_STEPS = 10_000

/**
 * Goes on until nothing can be done now. Throws what keeps it from the journal or the key store, and `conflict` when others were first again and
 * again; whatever was done by then stays, and the next run goes on from there.
 *
 * @example const { state } = await rotate({ ...job, wanted: 'auto' })
 */
export async function rotate(job: RotateJob): Promise<Rotated> {
  const rules = { ...job, publishes: job.publish !== undefined, proves: job.proof !== undefined }
  const take = stepsOf(job)
  const steps: DoneStep[] = []
  let [lost, proof]: [number, PublicationProof | undefined] = [0, undefined]
  for (let round = 0; round < MOST_STEPS; round += 1) {
    if (job.signal.aborted) throw new ProvError('aborted', 'the rotation was stopped; the next run goes on from there')
    const state = await journalNow(job.journals, job.journal)
    // One key a run: where a validity is over before a rotation is, there would be no end.
    const next: Step = steps.some(({ step }) => step === 'activate')
      ? { do: 'nothing' }
      : nextStep(state, await filesOf(job), rules)
    // The URLs were read, and one of them does not show the key: reading them again at once would not help.
    const step: Step =
      next.do === 'prove' && proof !== undefined ? { do: 'refuse', why: 'unpublished', n: next.key.n } : next
    if (step.do === 'nothing' || step.do === 'wait' || step.do === 'refuse') {
      await publishCurrent(job)
      const stopped = step.do === 'nothing' ? {} : { stopped: step }
      return { steps, state, lost, ...stopped, ...(proof === undefined ? {} : { proof }) }
    }
    const done = await take(step, state)
    if (done === 'lost') {
      lost += 1
      if (lost >= MOST_LOST) throw outrun(job.journal)
      await afterLoss(job)
      continue
    }
    proof = done.proof ?? proof
    if (done.proof !== undefined && done.proof.activates === undefined) continue
    steps.push(done.step)
    await job.told?.(done.step)
  }
  throw new ProvError('internal', 'a rotation came to no end')
}

/**
 * Writes the file of the region as the journal stands, and again where somebody changed the journal meanwhile: who was slow puts nothing old in the
 * place of the new. Not while a row cannot be read: its key would be gone from the public set.
 *
 * @example await publishCurrent({ journals, journal, store, publish, signal })
 */
export async function publishCurrent(
  job: Pick<RotateJob, 'journals' | 'journal' | 'store' | 'publish' | 'signal'>,
): Promise<JournalState> {
  for (let tries = 1; ; tries += 1) {
    const state = await journalNow(job.journals, job.journal)
    if (job.publish === undefined || state.damaged.length > 0) return state
    await job.publish(await keysToPublish(state, job.store), job.signal)
    const { version } = await journalNow(job.journals, job.journal)
    if (version === state.version) return state
    if (tries >= MOST_LOST) throw outrun(job.journal)
  }
}

/** Numbers of the journal's keys whose private half is there. */
async function filesOf({ store, journal }: RotateJob): Promise<ReadonlySet<number>> {
  const prefix = keyName(journal.id, 0).slice(0, -1)
  const own = (await store.list()).filter(({ name, hasPrivate }) => hasPrivate && name.startsWith(prefix))
  return new Set(own.map(({ name }) => Number(name.slice(prefix.length))).filter(Number.isInteger))
}
