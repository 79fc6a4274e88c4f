/** A key with a certificate of its own, made by openssl. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch } from './scratch.ts'

export interface Certified {
  readonly privateKey: KeyObject
  /** Self-signed, PEM. */
  readonly certificate: string
}

/** @example certified('alice').certificate // '-----BEGIN CERTIFICATE-----…' */
export function certified(name: string): Certified {
  const folder = scratch()
  const [key, leaf] = [join(folder, 'key.pem'), join(folder, 'leaf.pem')]
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '365',
    '-subj',
    `/CN=${name}`,
  ]
  execFileSync('openssl', ['req', '-x509', ...made, '-keyout', key, '-out', leaf], { stdio: 'pipe' })
  return { privateKey: createPrivateKey(readFileSync(key)), certificate: readFileSync(leaf, 'utf8') }
}
