/** Every report that was asked for, as one that is told each artifact in turn. */
import type { Writable } from 'node:stream'
import { STATEMENT_TYPE } from '../../model/entry.ts'
import { encodeEnvelope, signedBytes } from '../../model/envelope.ts'
import type { Signer } from '../../signing/signer.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { type FormTools, NO_TOTALS, type OpenForm, type ReportHead, type ReportSummary, withArtifact } from './form.ts'
import { openSink, type Sink } from './sink.ts'
import type { Form, WantedReport } from './wanted.ts'

const LOAD: Readonly<Record<Form, () => Promise<OpenForm>>> = {
  jsonl: async () => (await import('./jsonl.ts')).jsonl,
  junit: async () => (await import('./junit.ts')).junit,
  sarif: async () => (await import('./sarif.ts')).sarif,
  github: async () => (await import('./github.ts')).github,
  vsa: async () => (await import('./vsa.ts')).vsa,
  html: async () => (await import('../html/report.ts')).html,
}

export interface Reports {
  /** True when standard output belongs to one of them. */
  readonly onStdout: boolean
  begin(head: ReportHead): Promise<void>
  /** In the order in which they are to stand. */
  artifact(one: VerifiedArtifact): Promise<void>
  /** Puts every report in its place. */
  end(summary: Omit<ReportSummary, 'totals' | 'ended'>): Promise<void>
  /** Leaves nothing of what was not ended; does nothing after `end`. Never throws. */
  discard(): Promise<void>
}

export interface ReportsWorld {
  readonly stdout: Writable
  now(): number
  random(size: number): Uint8Array
  /** With a key, `vsa` makes signed envelopes. */
  readonly signer?: Signer
}

/**
 * Opens them all, so that a place that cannot be written is found out before anything is read: `target_unwritable`. What is
 * written takes its place at `end` only.
 *
 * @example
 * const reports = await openReports(wanted, world)
 * try {
 *   await reports.begin(head)
 *   for (const one of artifacts) await reports.artifact(one)
 *   await reports.end({ exit, notes })
 * } finally { await reports.discard() }
 */
export async function openReports(wanted: readonly WantedReport[], world: ReportsWorld): Promise<Reports> {
  const { signer, now } = world
  const tools: FormTools = { now, ...(signer === undefined ? {} : { seal: sealWith(signer) }) }
  const unique = Buffer.from(world.random(8)).toString('hex')
  let sinks: readonly Sink[] = []
  const discard = async (): Promise<void> => {
    const open = sinks
    sinks = []
    await Promise.all(open.map((sink) => sink.discard()))
  }
  try {
    for (const { to } of wanted) sinks = [...sinks, await openSink(to, { stdout: world.stdout, unique })]
    const forms = await Promise.all(wanted.map(async ({ form }) => (await LOAD[form]())(tools)))
    const writeAll = async (texts: readonly string[]): Promise<void> => {
      for (const [i, text] of texts.entries()) if (text !== '') await sinks[i]?.write(text)
    }
    let totals = NO_TOTALS
    return {
      onStdout: wanted.some(({ to }) => to.kind === 'stdout'),
      begin: (head) => writeAll(forms.map((form) => form.begin(head))),
      async artifact(one) {
        totals = withArtifact(totals, one)
        await writeAll(await Promise.all(forms.map((form) => form.artifact(one))))
      },
      async end(summary) {
        const whole = { ...summary, totals, ended: now() }
        await writeAll(forms.map((form) => form.end(whole)))
        for (const sink of sinks) await sink.commit()
        sinks = []
      },
      discard,
    }
  } catch (thrown) {
    await discard()
    throw thrown
  }
}

function sealWith(signer: Signer): (statement: Uint8Array) => Promise<Uint8Array> {
  return async (payload) => {
    const unsigned = { kind: 'dsse' as const, payloadType: STATEMENT_TYPE, payload }
    const sig = await signer.sign(signedBytes(unsigned))
    return encodeEnvelope({ ...unsigned, signatures: [{ sig, keyid: signer.keyid }] })
  }
}
