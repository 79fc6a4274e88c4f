/** A kid that begins with `-` is not a flag. */
import { expect, it } from 'vitest'
import { dashedKid } from '../../src/cli/dashed-kid.ts'
import { provHere } from '../support/in-process.ts'

const WHY = ['--since', '1d', '--reason', 'stolen']

it.each([
  '-zbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  '--bLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  '-hbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
])('keys revoke %s asks for the journal, not for a flag', async (kid) => {
  for (const args of [
    [kid, ...WHY],
    [...WHY, kid],
  ]) {
    const { stdout, stderr } = await provHere(['keys', 'revoke', ...args])
    expect(stdout + stderr).toContain('no key store was named')
  }
  expect(dashedKid(['verify', kid])).toEqual(['verify', kid])
  expect(dashedKid(['keys', 'revoke', '--reason', kid])).toEqual(['keys', 'revoke', '--reason', kid])
})
