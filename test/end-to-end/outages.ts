/** Ways in which a registry cannot be read, or serves what it should not. */

import { flipped, forget } from '../support/forge.ts'
import type { Action, Seen } from '../support/proxy.ts'
import { imageKeyOf, runKeyOf } from '../support/stage.ts'
import type { Case, Odd } from './case.ts'

export interface Outage extends Omit<Case, 'harm'> {
  readonly rule: (seen: Seen) => Action | undefined
  /** What happened to the copies besides. */
  readonly harm?: Case['harm']
}

const both = (said: string): Odd => ({ 'oci dsse': said, 'oci raw': said })

export const OUTAGES: readonly Outage[] = [
  {
    what: 'a registry that was stopped',
    rule: () => undefined,
    odd: both('! unreachable'),
    exit: 6,
    args: ['--set', 'storage.oci.repository=127.0.0.1:1/nobody-listens'],
  },
  { what: 'the connection, cut', rule: () => ({ cut: 'before' }), odd: both('! unreachable'), exit: 6 },
  {
    what: 'the connection, cut, the registry being optional',
    rule: () => ({ cut: 'before' }),
    odd: both('! unreachable'),
    exit: 0,
    args: ['--optional', 'oci'],
  },
  {
    what: 'the connection, cut, and the other copies deleted, all being optional',
    rule: () => ({ cut: 'before' }),
    harm: ({ a }) => forget(a.file, runKeyOf(a), imageKeyOf(a)),
    odd: { ...both('! unreachable'), 'tekton dsse': '+ absent', 'tekton raw': '+ absent' },
    exit: 6,
    args: ['--optional', 'tekton,oci'],
    finding: 'unreachable',
  },
  { what: '401 without a challenge', rule: () => ({ status: 401 }), odd: both('! denied'), exit: 6 },
  {
    what: '403',
    rule: () => ({ status: 403, body: '{"errors":[{"code":"DENIED"}]}' }),
    odd: both('! denied'),
    exit: 6,
  },
  { what: '429', rule: () => ({ status: 429, headers: { 'retry-after': '0' } }), odd: both('! throttled'), exit: 6 },
  { what: '500', rule: () => ({ status: 500 }), odd: both('! server_error'), exit: 6 },
  { what: 'no answer', rule: () => ({ hang: true }), odd: both('! timed_out'), exit: 6, args: ['--timeout', '1'] },
  {
    what: 'an answer that is not a registry’s',
    rule: ({ path }) => (path.includes('/manifests/') ? { status: 418 } : undefined),
    odd: both('! response_invalid'),
    exit: 6,
  },
  {
    what: 'a blob that is served altered',
    rule: ({ path, method }) => (method === 'GET' && path.includes('/blobs/') ? { tamper: flipped } : undefined),
    odd: both('# digest_mismatch'),
    exit: 3,
  },
  {
    what: 'a blob that is gone',
    rule: ({ path }) =>
      path.includes('/blobs/') ? { status: 404, body: '{"errors":[{"code":"BLOB_UNKNOWN"}]}' } : undefined,
    odd: both('# copy_malformed'),
    exit: 3,
  },
  {
    what: 'one tag, denied',
    rule: ({ path }) => (path.endsWith('.att') ? { status: 403 } : undefined),
    odd: { 'oci dsse': '! denied' },
    exit: 6,
  },
]
