/** Single questions to a registry, none of which leaves anything in it. */
import type { CallOptions } from '../../../src/backend/backend.ts'
import { clockSkew } from '../../../src/backend/clock-skew.ts'
import { type Diagnosis, degraded, examine, failed, skipped, stated } from '../../../src/backend/diagnosis.ts'
import { asProvError, ProvError } from '../../../src/errors.ts'
import { registryOf } from '../../../src/model/image-reference.ts'
import type { Registry } from '../port.ts'

type Now = () => number

/** What no image has, and no tag is called. */
const NOBODYS_DIGEST = `sha256:${'0'.repeat(64)}`
const NOBODYS_TAG = 'prov-doctor-asks-for-a-tag-that-nobody-has'

/**
 * Is it there, does it take the credentials, what time has it: one GET of `/v2/`.
 *
 * @example await greeting(registry, 'ghcr.io/acme/app', Date.now, { signal })
 */
export async function greeting(
  registry: Registry,
  repo: string,
  now: Now,
  options: CallOptions,
): Promise<readonly Diagnosis[]> {
  const sent = now()
  const host = registryOf(repo)
  try {
    const answer = await registry.ask?.(repo, { method: 'GET', path: '/v2/', actions: 'pull' }, options)
    const received = now()
    const ms = Math.round(received - sent)
    const where = answer === undefined ? host : answer.url.origin
    return [
      { ...stated('reach', `${where} answers`), ms },
      stated('authenticate', 'the registry takes the credentials, or asks for none'),
      stated('clock', clockSkew(answer?.headers.date, sent, received)),
    ]
  } catch (thrown) {
    const error = asProvError(thrown)
    const ms = Math.round(now() - sent)
    if (error.code !== 'denied') return [{ ...failed('reach', error), ms }]
    return [stated('reach', `${host} answers`), { ...failed('authenticate', error), ms }]
  }
}

/** True unless the registry says that there is no such repository. @example await isMade(registry, repo, { signal }) */
export async function isMade(registry: Registry, repo: string, options: CallOptions): Promise<boolean> {
  return (await refused(registry, repo, 'GET', 'tags/list?n=1', 'pull', options)) !== 'absent'
}

/**
 * Why nothing could be deleted again; undefined when it could. Asked for a digest that nobody has: a registry that allows it answers
 * 404.
 *
 * @example await whyKept(registry, repo, { signal }) // 'the registry does not allow deletion, so what is written stays'
 */
export async function whyKept(registry: Registry, repo: string, options: CallOptions): Promise<string | undefined> {
  const code = await refused(registry, repo, 'DELETE', `manifests/${NOBODYS_DIGEST}`, 'pull,push', options)
  switch (code) {
    case 'absent':
    case undefined:
      return undefined
    case 'not_supported':
      return 'the registry does not allow deletion, so what is written stays'
    case 'denied':
      return 'the credentials do not allow deletion, so what is written stays'
    default:
      return `the registry answers a deletion with ${code}`
  }
}

/** Whether tags can be deleted, asked as {@link whyKept}. @example await deletesTags(registry, repo, { signal }) // false */
export async function deletesTags(registry: Registry, repo: string, options: CallOptions): Promise<boolean> {
  const code = await refused(registry, repo, 'DELETE', `manifests/${NOBODYS_TAG}`, 'pull,push', options)
  return code === 'absent' || code === undefined
}

/**
 * Whether writing is allowed, without writing: an upload that is begun and cancelled.
 *
 * @example (await tryUpload(registry, repo, 'it allows no deletion', Date.now, { signal })).outcome
 */
export async function tryUpload(
  registry: Registry,
  repo: string,
  why: string,
  now: Now,
  options: CallOptions,
): Promise<Diagnosis> {
  return examine('write', now, async () => {
    const path = `/v2/${pathOf(repo)}/blobs/uploads/`
    const begun = await registry
      .ask?.(repo, { method: 'POST', path, actions: 'pull,push' }, options)
      .catch((thrown: unknown) => {
        const error = asProvError(thrown)
        if (error.code !== 'absent') throw error
        const hint = 'this registry wants the repository to be created first'
        throw new ProvError('denied', error.message, {
          backend: 'oci',
          operation: 'begin an upload',
          location: repo,
          hint,
        })
      })
    const { location } = begun?.headers ?? {}
    if (begun === undefined || location === undefined || !URL.canParse(location, begun.url.href)) {
      throw new ProvError('response_invalid', 'the registry gave no location for the upload', {
        backend: 'oci',
        location: repo,
      })
    }
    const target = new URL(location, begun.url)
    const cancelled =
      target.origin === begun.url.origin &&
      (await registry.ask?.(repo, { method: 'DELETE', path: target.href, actions: 'pull,push' }, options).then(
        () => true,
        () => false,
      ))
    const end = cancelled === true ? 'and cancelled' : 'and left to expire, since it could not be cancelled'
    return degraded(`tried as far as can be undone: an upload was begun ${end}. ${why}`)
  })
}

/** @example (await referrersOf(registry, repo, true, Date.now, { signal })).outcome // 'degraded' without the API */
export async function referrersOf(
  registry: Registry,
  repo: string,
  used: boolean,
  now: Now,
  options: CallOptions,
): Promise<Diagnosis> {
  return examine('referrers', now, async () => {
    const error = await registry.listReferrers?.(repo, NOBODYS_DIGEST, options).then(
      (list) => (list === undefined ? 'none' : undefined),
      (thrown: unknown) => {
        const { code } = asProvError(thrown)
        if (code === 'denied') return code
        throw thrown
      },
    )
    if (error === 'denied') return skipped('the credentials do not allow reading')
    if (error === undefined) return 'the registry has the referrers API'
    const fallback = 'no referrers API: bundles are listed in an index under the tag sha256-<digest>'
    return used ? degraded(`${fallback}, which is shared like any other tag`) : `${fallback} (none are asked for)`
  })
}

async function refused(
  registry: Registry,
  repo: string,
  method: 'GET' | 'DELETE',
  path: string,
  actions: 'pull' | 'pull,push',
  options: CallOptions,
) {
  try {
    await registry.ask?.(repo, { method, path: `/v2/${pathOf(repo)}/${path}`, actions }, options)
    return undefined
  } catch (thrown) {
    return asProvError(thrown).code
  }
}

function pathOf(repo: string): string {
  return repo.slice(repo.indexOf('/') + 1)
}
