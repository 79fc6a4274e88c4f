/** Whether a known gap is still one: what the line ends with must be what the gap names, and nothing that a dead server gives. */
import { AssertionError } from 'node:assert'
import { ProvError } from '../../src/errors.ts'
import { calm } from './checks.ts'
import type { Gap, Shows } from './lines.ts'
import { sampleEntry } from './samples.ts'
import { CannotTry, type Scene } from './scene.ts'

/** What a gap that names nothing may show as: no dead server gives any of these. */
const UNNAMED: readonly Shows[] = ['untried', 'differs', 'not_supported']

/**
 * Resolves when the line fails as the gap says, and the place answers beside that. Rejects when the line holds by now, when it fails in another
 * way (with that failure as the cause), and when the backend answers nothing: then it shows no gap.
 *
 * @example await confirmGap({ line: 'seal', shows: 'untried', reason: '…' }, scene, changeLines.seal)
 */
export async function confirmGap(gap: Gap, scene: Scene, body: (scene: Scene) => Promise<void>): Promise<void> {
  if (gap.byChance !== true) {
    const failure = await failureOf(() => body(scene))
    if (failure === undefined) throw new Error('this line holds by now: take it off the known gaps')
    const wanted = gap.shows === undefined ? UNNAMED : [gap.shows]
    if (!wanted.some((shows) => shows === shownBy(failure.thrown))) throw otherFailure(wanted, failure.thrown)
  }
  await expectAnswer(scene)
}

/** How a failure shows; undefined for what names nothing: a defect, or an error without a code. */
function shownBy(thrown: unknown): Shows | undefined {
  if (thrown instanceof CannotTry) return 'untried'
  if (thrown instanceof ProvError) return thrown.code
  if (!(thrown instanceof AssertionError)) return undefined
  // A demand on how a call ends names the end that came instead.
  return thrown.cause === undefined ? 'differs' : shownBy(thrown.cause)
}

function otherFailure(wanted: readonly Shows[], thrown: unknown): unknown {
  // What nothing brings about is told as such.
  if (thrown instanceof CannotTry) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new Error(`this gap shows as ${wanted.join(' or ')}, but the line failed otherwise: ${message}`, {
    cause: thrown,
  })
}

/** One call that succeeds on a handle of its own: a look, or a write where nobody can look. */
async function expectAnswer({ kind, rig, slot, another }: Scene): Promise<void> {
  const backend = await another()
  if ((await failureOf(() => backend.get(slot, calm()))) === undefined) return
  const failure = await failureOf(() => backend.put(slot, sampleEntry(kind, rig.run, rig.image), calm()))
  if (failure === undefined) return
  const { thrown } = failure
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  throw new Error(`the backend answers nothing, which confirms no gap: ${message}`, { cause: thrown })
}

async function failureOf(work: () => Promise<unknown>): Promise<{ readonly thrown: unknown } | undefined> {
  try {
    await work()
    return undefined
  } catch (thrown) {
    return { thrown }
  }
}
