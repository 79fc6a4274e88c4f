/** The work of `prov keys generate`. */

import { createPublicKey } from 'node:crypto'
import { generateKeyPair, writeKeyPair } from '../../../keys/generate.ts'
import { keyId } from '../../../keys/key-id.ts'
import { passwordSource } from '../../../keys/password.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { show } from '../../terminal.ts'
import type { GenerateOptions } from './flags.ts'

export async function runGenerate(options: GenerateOptions, io: Io): Promise<void> {
  const question = `Password of the new key ${options.output}.key: `
  const password = await passwordSource({ file: options.passwordFile, env: io.env, question, confirm: true })()
  const pair = await generateKeyPair(password, io.random)
  const { privateFile, publicFile } = await writeKeyPair(options.output, pair)
  const keyid = keyId(createPublicKey(pair.publicPem))
  if (options.json === true) {
    await write(io.stdout, jsonText({ privateFile, publicFile, keyid }))
  } else if (options.quiet !== true) {
    await show(io, [`private key ${privateFile}`, `public key  ${publicFile}`, `key id      ${keyid}`])
  }
}
