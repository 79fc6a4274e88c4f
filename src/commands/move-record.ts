/** The file of `prov migrate --record`: envelopes, one a line, each signed as soon as it is full. */
import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { STATEMENT_TYPE } from '../entry.ts'
import { encodeEnvelope, signedBytes } from '../envelope.ts'
import { ProvError } from '../errors.ts'
import { fileError } from '../files.ts'
import type { Io } from '../io.ts'
import type { Moved } from '../migrate.ts'
import { isRecorded, RECORD_ENTRIES, type RecordFacts, recordStatement } from '../move-record.ts'
import { loadSigner } from '../signers/load.ts'
import { passwordSource } from '../signers/password.ts'
import { VERSION } from '../version.ts'
import type { MigrateOptions } from './migrate.ts'

export interface MoveRecord {
  add(moved: Moved, facts: Pick<RecordFacts, 'from' | 'to' | 'trust'>): Promise<void>
  /** Puts the file in its place; with what was moved so far, if that is not all. */
  end(): Promise<void>
}

/**
 * Opens key and file before anything is moved; undefined when no record was asked for. Throws `usage`, what the key is refused for, and
 * `target_unwritable`.
 */
export async function openRecord(options: MigrateOptions, io: Io): Promise<MoveRecord | undefined> {
  const { record: path, recordKey: key, passwordFile } = options
  if (path === undefined || options.dryRun === true) return undefined
  if (key === undefined)
    throw new ProvError('usage', '--record needs a key to sign with', { hint: 'use --record-key cosign.key' })
  const password = passwordSource({ file: passwordFile, env: io.env, question: `Password of ${key}: ` })
  const signer = await loadSigner({ key, password, env: io.env })
  const made = `${path}.prov-tmp-${randomBytes(4).toString('hex')}`
  const where = { operation: 'write the record', location: path }
  const file = await open(made, 'wx', 0o644).catch((cause: unknown) => {
    throw new ProvError('target_unwritable', `the record ${path} cannot be written`, { ...where, cause })
  })
  let moves: Moved[] = []
  let facts: Pick<RecordFacts, 'from' | 'to' | 'trust'> | undefined
  let part = 0

  async function flush(): Promise<void> {
    if (facts === undefined || moves.length === 0) return
    const payload = recordStatement(moves, { ...facts, time: io.now(), version: VERSION, part: ++part })
    moves = []
    const unsigned = { kind: 'dsse' as const, payloadType: STATEMENT_TYPE, payload, signatures: [] }
    const sig = await signer.sign(signedBytes(unsigned))
    const envelope = encodeEnvelope({ ...unsigned, signatures: [{ sig, keyid: signer.keyid }] })
    await file.appendFile(`${Buffer.from(envelope).toString()}\n`)
  }

  return {
    async add(moved, said) {
      facts = said
      if (isRecorded(moved)) moves.push(moved)
      if (moves.length >= RECORD_ENTRIES) await flush()
    },
    async end() {
      try {
        await flush()
        await file.sync()
        await file.close()
        await rename(made, path)
      } catch (thrown) {
        await unlink(made).catch(() => undefined)
        throw fileError(thrown, { backend: 'record', ...where })
      }
    },
  }
}
