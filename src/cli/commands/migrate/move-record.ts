/**
 * The file of `prov migrate --record`: envelopes, one a line, each signed and added as soon as it is full. What stands there stays: with
 * --delete-source a run that goes on does not see again what the run before it has moved.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { ProvError } from '../../../errors.ts'
import { passwordSource } from '../../../keys/password.ts'
import type { Moved } from '../../../migrate/migrate.ts'
import { isRecorded, RECORD_ENTRIES, type RecordFacts, recordStatement } from '../../../migrate/move-record.ts'
import { STATEMENT_TYPE } from '../../../model/entry.ts'
import { encodeEnvelope, signedBytes } from '../../../model/envelope.ts'
import { fileError } from '../../../platform/fs/files.ts'
import type { Io } from '../../../platform/io.ts'
import { loadSigner } from '../../../signing/open-signer.ts'
import { VERSION } from '../../../version.ts'
import type { MigrateOptions } from './command.ts'

export interface MoveRecord {
  add(moved: Moved, facts: Pick<RecordFacts, 'from' | 'to' | 'trust'>): Promise<void>
  /** Adds what is left, also of a move that was stopped. */
  end(): Promise<void>
}

/**
 * Opens key and file before anything is moved; undefined when no record was asked for. Throws `usage`, what the key is refused for, and
 * `target_unwritable`.
 */
export async function openRecord(options: MigrateOptions, io: Io): Promise<MoveRecord | undefined> {
  const { record: path, recordKey: key, passwordFile } = options
  if (path === undefined && key !== undefined) throw new ProvError('usage', '--record-key goes with --record')
  if (path === undefined || options.dryRun === true) return undefined
  if (key === undefined)
    throw new ProvError('usage', '--record needs a key to sign with', { hint: 'use --record-key cosign.key' })
  const password = passwordSource({ file: passwordFile, env: io.env, question: `Password of ${key}: ` })
  const signer = await loadSigner({ key, password, env: io.env })
  const where = { operation: 'write the record', location: path }
  const file = await open(path, 'a+', 0o644).catch((cause: unknown) => {
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
    try {
      const start = (await endsLine(file)) ? '' : '\n'
      await append(file, Buffer.from(`${start}${Buffer.from(envelope).toString()}\n`))
    } catch (thrown) {
      throw fileError(thrown, { backend: 'record', ...where })
    }
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
        if ((await file.stat()).isFile()) await file.sync()
      } catch (thrown) {
        throw fileError(thrown, { backend: 'record', ...where })
      } finally {
        await file.close()
      }
    },
  }
}

/** False where a killed run has left half a line. */
async function endsLine(file: FileHandle): Promise<boolean> {
  const stat = await file.stat()
  if (!stat.isFile() || stat.size === 0) return true
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, stat.size - 1)
  return buffer.toString() === '\n'
}

/** In one write where the system takes it so: shards may share the file. */
async function append(file: FileHandle, line: Uint8Array): Promise<void> {
  for (let at = 0; at < line.length; ) at += (await file.write(line, at)).bytesWritten
}
