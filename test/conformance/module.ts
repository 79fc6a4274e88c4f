/** A backend that somebody else wrote, as `prov conform` finds it: the exports of one module, made into what the suite runs. */
import type { Backend, Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import type { Kind } from '../../src/model/entry.ts'
import { nearest } from '../../src/platform/text/suggest.ts'
import { type Gap, type Gaps, gapList, LINES } from './lines.ts'
import type { Conformance, Rig } from './rig.ts'
import { sampleImage, sampleRun } from './samples.ts'

/** As {@link Rig}; without a run and images of its own, samples are made for each test. */
export type OwnRig = Omit<Rig, 'run' | 'image' | 'otherImage'> & Partial<Pick<Rig, 'run' | 'image' | 'otherImage'>>

/**
 * What a module exports to be run by `prov conform`: `open`, or `rig` where more is to be tried than a bare `open` can show.
 *
 * @example export const open: OpenBackend = (context) => myBackend(context.setting('my.folder'))
 */
export interface BackendModule {
  /**
   * Opens a handle. All handles of one test are given the same context, and must see each other's copies; each test is given another,
   * whose setting `conform.place` is a word that no other test has: a place of that name is fresh and empty.
   */
  readonly open?: (context: Context) => Backend | Promise<Backend>
  /** Makes one fresh and empty place, for one test. Counts before `open`. */
  readonly rig?: (context: Context) => OwnRig | Promise<OwnRig>
  /** Lines that are known not to hold, with the reason. They are tried, and must still fail. */
  readonly gaps?: Gaps
  /** Default: those of the backend's capabilities. */
  readonly kinds?: readonly Kind[]
}

/** Key of the setting that names a fresh place; `{place}` in the value of any other setting stands for the same word. */
export const PLACE = 'conform.place'

export interface Surroundings extends Omit<Context, 'setting'> {
  readonly settings: Readonly<Record<string, string>>
}

/**
 * The module as the suite runs it. Opens the backend once, to read its name and capabilities. Throws `backend_unknown` for a module that
 * is none, or whose gaps name no line; what `open` throws is thrown on.
 *
 * @example conformanceCases((await readModule(await import(url), surroundings)).conformance)
 */
export async function readModule(
  exported: object,
  surroundings: Surroundings,
): Promise<{ readonly name: string; readonly conformance: Conformance }> {
  const named = exported as BackendModule & { readonly default?: BackendModule }
  // Node gives a CommonJS module its exports as `default`.
  const module = named.open === undefined && named.rig === undefined ? (named.default ?? named) : named
  if (typeof module.open !== 'function' && typeof module.rig !== 'function') {
    throw new ProvError('backend_unknown', 'the module exports neither `open` nor `rig`', {
      hint: 'export const open = (context) => backend; docs/backend-of-your-own.md has an example',
    })
  }
  const rig = (): Promise<Rig> => freshRig(module, surroundings)
  const probe = await rig()
  const backend = await probe.open()
  refuseUnlike(backend)
  await backend.close()
  await probe.dispose?.()
  const kinds = module.kinds ?? backend.capabilities.kinds
  return { name: backend.name, conformance: { rig, kinds, gaps: gapsOf(module) } }
}

async function freshRig({ open, rig }: BackendModule, { settings, ...rest }: Surroundings): Promise<Rig> {
  const place = `t${Buffer.from(rest.random(8)).toString('hex')}`
  let asked = false
  const context: Context = {
    ...rest,
    setting(key) {
      const value = key === PLACE ? '{place}' : Object.hasOwn(settings, key) ? settings[key] : undefined
      if (value?.includes('{place}') === true) asked = true
      return value?.replaceAll('{place}', place)
    },
  }
  const image = sampleImage('registry.example/acme/app', place)
  const samples = {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', place),
  }
  if (rig !== undefined) return { ...samples, ...(await rig(context)) }
  if (open === undefined) throw new Error('no open')
  return { ...samples, open: () => open(context), shared: () => !asked }
}

function gapsOf({ gaps = [] }: BackendModule): readonly Gap[] {
  const list = gapList(gaps)
  for (const { line, reason } of list) {
    if (!Object.hasOwn(LINES, line)) {
      const near = nearest(String(line), Object.keys(LINES))
      throw new ProvError('backend_unknown', `\`gaps\` names ${JSON.stringify(line)}, which is no line of the suite`, {
        hint: near === undefined ? `the lines are ${Object.keys(LINES).join(', ')}` : `did you mean ${near}?`,
      })
    }
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new ProvError('backend_unknown', `\`gaps\` gives no reason for ${line}`)
    }
  }
  return list
}

/** What the suite itself calls must be there; all else is for its lines to find. */
function refuseUnlike(backend: Backend): void {
  const made = backend as Partial<Backend> | undefined
  const missing = (['slots', 'size', 'put', 'get', 'close'] as const).filter((m) => typeof made?.[m] !== 'function')
  const wants = [
    ...(typeof made?.name === 'string' ? [] : ['name']),
    ...(Array.isArray(made?.capabilities?.kinds) ? [] : ['capabilities.kinds']),
    ...missing,
  ]
  if (wants.length === 0) return
  throw new ProvError('backend_unknown', `what \`open\` gives is not a backend: it has no ${wants.join(', ')}`)
}
