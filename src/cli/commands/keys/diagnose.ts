/** What `prov doctor` and `prov keys doctor` find out about a journal and its key store. */
import { type Diagnosis, degraded, examine, skipped } from '../../../backend/diagnosis.ts'
import type { Settings } from '../../../config/settings.ts'
import { type BackendReport, reportOf } from '../../../doctor/backend.ts'
import { ProvError } from '../../../errors.ts'
import type { Password } from '../../../keys/cosign-key.ts'
import { NEXT } from '../../../keys/status.ts'
import { compare, type Mismatch } from '../../../keysets/compare.ts'
import { keysOf } from '../../../keysets/find.ts'
import type { JournalState } from '../../../keysets/journal.ts'
import { activeOf, openKey } from '../../../keysets/signer.ts'
import { timeText } from '../../../platform/text/time-text.ts'
import { type OpenJournals, openJournals } from '../../../setup/journal.ts'
import type { World } from '../../../setup/world.ts'

/** The name under which reports have it. */
const KEYS = 'keys'

/** Failing ones keep a key from signing; the others are for somebody to look at. */
const GRAVE: Readonly<Record<Mismatch['kind'], boolean>> = {
  damaged: true,
  missing: true,
  unheld: true,
  other: true,
  stray: false,
  left: false,
}

/**
 * Changes nothing. Never throws. The active key is opened only with a password; `undefined`: none was given.
 *
 * @example (await diagnoseJournal(settings, world, undefined)).outcome // 'degraded': a key of no row
 */
export async function diagnoseJournal(
  settings: Settings,
  world: World,
  password: (() => Promise<Password>) | undefined,
): Promise<BackendReport> {
  const now = (): number => world.now()
  const checks: Diagnosis[] = []
  let open: OpenJournals | undefined
  let state: JournalState | undefined
  try {
    checks.push(
      await examine('reach', now, async () => {
        open = await openJournals(settings, world)
        const { id, name } = await open.find()
        state = await open.journals.read(id)
        return `journal ${name} (${id}), ${open.store.location}`
      }),
    )
    if (open === undefined || state === undefined) return reportOf(KEYS, checks)
    const [journal, { store, validityMs, skewMs }] = [state, open]
    const mismatches = compare(journal, await keysOf(store))
    for (const { kind, detail } of mismatches) {
      checks.push(
        await examine('journal', now, async () => {
          if (!GRAVE[kind]) return degraded(detail)
          throw new ProvError('keyset_refused', detail, { hint: 'bring it back from a backup' })
        }),
      )
    }
    if (mismatches.length === 0) {
      checks.push(await examine('journal', now, async () => `${journal.keys.length} keys, each with its file`))
    }
    for (const detail of overdue(journal, validityMs, skewMs))
      checks.push(await examine('rotation', now, async () => degraded(detail)))
    checks.push(
      await examine('sign', now, async () => {
        if (journal.damaged.some(({ status }) => status === 'active'))
          return skipped('the row of the active key is damaged')
        const active = activeOf(
          journal.keys.find(({ status }) => status === 'active'),
          journal,
        )
        if (password === undefined) return skipped('no password of the key store was given')
        await openKey(active, { store, journal, password })
        return `key ${active.key.kid} opens`
      }),
    )
    return reportOf(KEYS, checks)
  } finally {
    await open?.close()
  }
}

/** Sentences on steps that should have been taken by now. */
function overdue({ keys, now }: JournalState, validityMs: number, skewMs: number): readonly string[] {
  const next = keys.find(({ status }) => NEXT.includes(status))
  return keys.flatMap(({ n, status, activates, created, retires }) => {
    if (status === 'old' && retires !== undefined && now > retires + skewMs) {
      return [`key ${n} was to be retired at ${timeText(retires)}: run prov keys rotate`]
    }
    const half = (activates ?? created) + validityMs / 2
    if (status === 'active' && next === undefined && now > half + validityMs / 4) {
      return [`the next key was due at ${timeText(half)}: run prov keys rotate`]
    }
    return []
  })
}
