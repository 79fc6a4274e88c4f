/** Who may ask what, as a table. */
import { expect, test } from 'vitest'
import { type Access, refusalOf } from '../../src/serve/access.ts'

const TOKEN = 'a-token-of-some-length'
const plain = { isLocal: false, hasCertificate: false, authorization: undefined }
const local = { ...plain, isLocal: true }
const certified = { ...plain, hasCertificate: true }
const tokened = { ...plain, authorization: `Bearer ${TOKEN}` }
const wrong = { ...local, authorization: `Bearer ${TOKEN}x` }

const nothing = { hasClientCa: false }
const ca = { hasClientCa: true }
const token = { hasClientCa: false, token: TOKEN }
const both = { hasClientCa: true, token: TOKEN }

/** Access, whom the service knows, and the statuses for: somebody, this machine, a certificate, the token, a wrong token from this machine. */
const ROWS: readonly (readonly [Access, object & { hasClientCa: boolean }, readonly (number | undefined)[]])[] = [
  ['probe', both, [undefined, undefined, undefined, undefined, undefined]],
  ['provider', nothing, [undefined, undefined, undefined, undefined, undefined]],
  ['provider', ca, [403, 403, undefined, 403, 403]],
  ['provider', token, [undefined, undefined, undefined, undefined, undefined]],
  ['provider', both, [403, 403, undefined, 403, 403]],
  ['auditor', nothing, [undefined, undefined, undefined, undefined, undefined]],
  ['auditor', ca, [403, 403, undefined, 403, 403]],
  ['auditor', token, [401, 401, undefined, undefined, 401]],
  ['auditor', both, [401, 401, undefined, undefined, 401]],
  ['data', nothing, [403, undefined, undefined, 403, undefined]],
  ['data', ca, [403, 403, undefined, 403, 403]],
  ['data', token, [401, 401, undefined, undefined, 401]],
  ['data', both, [401, 401, undefined, undefined, 401]],
  ['page', nothing, [403, undefined, undefined, 403, undefined]],
  ['page', both, [403, undefined, undefined, 403, undefined]],
]

test.each(ROWS)('%s %o', (access, known, statuses) => {
  const callers = [plain, local, certified, tokened, wrong]
  expect(callers.map((caller) => refusalOf(access, caller, known)?.status)).toEqual(statuses)
})

test('an empty token lets nobody in', () => {
  const caller = { ...plain, authorization: 'Bearer ' }
  expect(refusalOf('data', caller, { hasClientCa: false, token: '' })?.status).toBe(401)
})
