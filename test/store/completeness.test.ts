/** What makes a plan or a store complete, a rule a line. */
import { describe, expect, test } from 'vitest'
import type { CopyReceipt } from '../../src/backend/receipt.ts'
import { completenessOfCopies, completenessOfPlan, type StoreDemands } from '../../src/store/completeness.ts'
import type { Action, PlanRow } from '../../src/store/plan.ts'

const slot = (backend: string) => ({ backend, key: 'k', kind: 'dsse' as const, holds: 'one' as const, address: {} })

/** `a:write b:blocked`: what the plan has for each backend. */
function plan(text: string): readonly PlanRow[] {
  return text.split(' ').map((one) => {
    const [backend = '', action = ''] = one.split(':')
    const error = { code: action === 'attempt' ? ('unreachable' as const) : ('occupied' as const), message: 'm' }
    return {
      backend,
      action: action as Action,
      ...(action === 'not_kept' ? {} : { slot: slot(backend) }),
      ...(action === 'blocked' || action === 'attempt' ? { error } : {}),
    }
  })
}

const PLANS: readonly (readonly [string, string, Partial<StoreDemands>, number])[] = [
  ['places that are there or free', 'a:present b:write c:replace', {}, 0],
  ['what is not kept is no matter', 'a:write b:not_kept', {}, 0],
  ['a blocked place is 7', 'a:write b:blocked', {}, 7],
  ['one that could not be looked at is 6', 'a:write b:attempt', {}, 6],
  ['6 goes before 7', 'a:blocked b:attempt', {}, 6],
  ['optional forgives a blocked place', 'a:write b:blocked', { optional: ['b'] }, 0],
  ['optional forgives one that could not be looked at', 'a:write b:attempt', { optional: ['b'] }, 0],
  ['optional forgives no other', 'a:write b:blocked', { optional: ['a'] }, 7],
  ['enough free backends', 'a:write b:write c:blocked', { require: 2 }, 0],
  ['just one is enough', 'a:write b:blocked', { require: 1 }, 0],
  ['too few', 'a:write b:blocked', { require: 2 }, 7],
  ['what is only sent is not free', 'a:send b:blocked', { require: 1 }, 7],
  ['what is not kept is not free', 'a:not_kept b:blocked', { require: 1 }, 7],
  ['a backend with one place of two is not free', 'a:write a:blocked', { require: 1 }, 7],
  ['without --require, one that is free forgives no other', 'a:write b:write c:blocked', {}, 7],
]

test.each(PLANS)('plan: %s', (_, text, wanted, exit) => {
  expect(completenessOfPlan(plan(text), { optional: [], ...wanted }).exit).toBe(exit)
})

test('plan: what is wrong is said of each backend, also of an optional one', () => {
  const { findings } = completenessOfPlan(plan('a:write b:blocked'), { optional: ['b'] })
  expect(findings).toEqual([{ code: 'occupied', message: 'm', backend: 'b' }])
})

/** `a:ok`, `a:accepted`, `a:failed`, `a:drift`: what became of each copy. */
function copies(text: string): readonly CopyReceipt[] {
  return text.split(' ').flatMap((one) => {
    const [backend = '', what = ''] = one.split(':')
    if (what === 'not_kept') return []
    const error = { code: what === 'drift' ? ('drift' as const) : ('denied' as const), message: 'm' }
    const outcome = what === 'ok' ? 'written' : what === 'accepted' ? 'accepted' : 'failed'
    const base = { backend, slot: 'k', location: 'k', entry: 'e', signatures: [], outcome, confirmed: what === 'ok' }
    return [{ ...base, ...(what === 'failed' || what === 'drift' ? { error } : {}) } as CopyReceipt]
  })
}

const COPIES: readonly (readonly [string, string, Partial<StoreDemands>, number])[] = [
  ['every copy confirmed', 'a:ok b:ok', {}, 0],
  ['one failed is 7', 'a:ok b:failed', {}, 7],
  ['one of two places of a backend failed is 7', 'a:ok a:failed', {}, 7],
  ['drift is 4', 'a:ok b:drift', {}, 4],
  ['drift is 4 though optional', 'a:ok b:drift', { optional: ['b'] }, 4],
  ['optional forgives', 'a:ok b:failed', { optional: ['b'] }, 0],
  ['optional forgives no other', 'a:ok b:failed', { optional: ['a'] }, 7],
  ['what is not kept is no matter', 'a:ok b:not_kept', {}, 0],
  ['accepted beside a confirmed copy', 'a:ok b:accepted', {}, 0],
  ['accepted alone is no copy', 'b:accepted', {}, 7],
  ['accepted alone, the confirmed one failed and optional', 'a:failed b:accepted', { optional: ['a'] }, 7],
  ['enough are confirmed', 'a:ok b:failed', { require: 1 }, 0],
  ['as many as asked for', 'a:ok b:ok c:failed', { require: 2 }, 0],
  ['too few are confirmed', 'a:ok b:failed', { require: 2 }, 7],
  ['accepted does not count for --require', 'a:ok b:accepted', { require: 2 }, 7],
  ['all failed and optional is 7', 'a:failed', { optional: ['a'] }, 7],
]

describe('store', () => {
  test.each(COPIES)('%s', (_, text, wanted, exit) => {
    const rows = plan(text.replaceAll(/:(ok|failed|drift)/g, ':write').replaceAll(':accepted', ':send'))
    expect(completenessOfCopies(rows, copies(text), { optional: [], ...wanted }).exit).toBe(exit)
  })

  test('findings are the failed copies alone', () => {
    const rows = plan('a:write b:write c:send')
    expect(completenessOfCopies(rows, copies('a:ok b:failed c:accepted'), { optional: [] }).findings).toEqual([
      { code: 'denied', message: 'm' },
    ])
    const [copy] = copies('a:failed')
    if (copy === undefined) throw new Error('no copy')
    const { error: _, ...silent } = copy
    expect(completenessOfCopies(rows, [silent], { optional: [] }).findings).toMatchObject([{ code: 'incomplete' }])
  })
})
