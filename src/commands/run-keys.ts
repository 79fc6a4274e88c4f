/** The work of `prov keys generate`. */
import { createPublicKey } from 'node:crypto'
import { type Io, write } from '../io.ts'
import { plainJson } from '../plain.ts'
import { generateKeyPair, writeKeyPair } from '../signers/generate.ts'
import { keyId } from '../signers/keyid.ts'
import { passwordSource } from '../signers/password.ts'
import type { GenerateOptions } from './keys.ts'
import { show } from './layout.ts'

export async function runGenerate(options: GenerateOptions, io: Io): Promise<void> {
  const question = `Password of the new key ${options.output}.key: `
  const password = await passwordSource({ file: options.passwordFile, env: io.env, question, confirm: true })()
  const pair = await generateKeyPair(password, io.random)
  const { privateFile, publicFile } = await writeKeyPair(options.output, pair)
  const keyid = keyId(createPublicKey(pair.publicPem))
  if (options.json === true) {
    await write(io.stdout, `${plainJson(JSON.stringify({ privateFile, publicFile, keyid }, null, 2))}\n`)
  } else if (options.quiet !== true) {
    await show(io, [`private key ${privateFile}`, `public key  ${publicFile}`, `key id      ${keyid}`])
  }
}
