import { isSea } from 'node:sea'

/**
 * Whether this is the executable that holds prov and Node.js in one file: no module can be loaded from beside it.
 *
 * @example isOneFile() // false where prov was installed with npm
 */
export function isOneFile(): boolean {
  return isSea()
}
