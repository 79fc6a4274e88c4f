/** Identities of certificates, without the rest of the checks. */
import { expect, test } from 'vitest'
import { identityRule, pretends, ruleFor } from '../../src/trust/identity.ts'
import { DEV, recorded } from './live/recorded.ts'

const any = identityRule({ identity: '/^.*$/', issuer: '/^.*$/' })
const certificate = recorded('cosign').signatures[0]?.certificate

test('a certificate that names nobody, or no issuer, meets no rule, whatever the pattern', () => {
  expect(ruleFor([any], { identity: '', issuer: 'x' }, [1])).toMatchObject({ code: 'identity_untrusted' })
  expect(ruleFor([any], { identity: 'x', issuer: '' }, [1])).toMatchObject({ code: 'issuer_untrusted' })
  expect(ruleFor([any], { identity: 'x', issuer: 'y' }, [1])).toEqual({ rule: any })
})

test('what a message quotes of a certificate is printable and short', () => {
  const told = ruleFor([identityRule(DEV)], { identity: `\u001b[2J${'x'.repeat(500)}`, issuer: 'y' }, [1])
  const message = 'message' in told ? told.message : ''
  expect(message).toMatch(/^it was signed by \?\[2Jx+…, who is not trusted$/)
  expect(message.length).toBeLessThan(300)
})

test('whoever signed is named with each reason', () => {
  const rule = { ...identityRule({ identity: 'eve', issuer: 'y' }), validity: { from: 5 } }
  for (const issuer of ['x', 'y'])
    expect(ruleFor([rule], { identity: 'eve', issuer }, [1])).toHaveProperty('signer', 'eve')
  expect(ruleFor([rule], { identity: 'bob', issuer: 'y' }, [1])).toHaveProperty('signer', 'bob')
  expect(ruleFor([rule], { identity: '', issuer: 'y' }, [1])).not.toHaveProperty('signer')
})

test('a name too long for a pattern does not meet it', () => {
  expect(any.isIdentity('x'.repeat(2048))).toBe(true)
  expect(any.isIdentity('x'.repeat(2049))).toBe(false)
})

test('whose a signature pretends to be is read from its certificate, proven or not', () => {
  expect(pretends([identityRule(DEV)], certificate)).toBe(true)
  expect(pretends([identityRule({ ...DEV, identity: 'ev@example.com' })], certificate)).toBe(false)
  expect([pretends([any], 'none'), pretends([any], undefined), pretends([], certificate)]).toEqual([
    false,
    false,
    false,
  ])
})

test('a pattern that takes for ever on a name in some certificate is given up', () => {
  const rule = identityRule({ identity: '/^(?:\\w+\\.?)+@example\\.com$/', issuer: 'https://accounts.example.com' })
  expect(rule.isIdentity('a'.repeat(60))).toBe(false)
  expect(rule.isIdentity('first.last@example.com')).toBe(true)
})
