/** Where the MongoDB server is, as Tekton Chains finds it (pkg/chains/storage/docdb/docdb.go populateMongoServerURL). */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import { whyUnreadable } from '../../../src/platform/fs/read-limited.ts'
import { NAME } from '../layout.ts'

const VARIABLE = 'MONGO_SERVER_URL'
const KEY = 'storage.docdb.mongo-server-url'
const MAX_BYTES = 64 * 1024

/**
 * The connection string: of the file that `mongo-server-url-path` names, else of the file `MONGO_SERVER_URL` in the folder of
 * `mongo-server-url-dir`, else of `mongo-server-url`, else of the variable `MONGO_SERVER_URL`. One trailing newline is cut. Throws
 * `config_invalid` when none is set, or when the one that counts is empty or cannot be read; never quotes it.
 *
 * @example mongoServerUrl(context) // 'mongodb://user:…@db.example:27017'
 */
export function mongoServerUrl({ setting, env }: Pick<Context, 'setting' | 'env'>): string {
  const path = setting(`${KEY}-path`)
  if (path) return given(contentOf(path, `${KEY}-path`), `the file ${path}`)
  const folder = setting(`${KEY}-dir`)
  if (folder) return given(contentOf(join(folder, VARIABLE), `${KEY}-dir`), `the file ${join(folder, VARIABLE)}`)
  const value = setting(KEY)
  if (value) return given(value, KEY)
  const variable = env[VARIABLE]
  if (variable !== undefined) return given(variable, `the variable ${VARIABLE}`)
  throw new ProvError('config_invalid', 'no MongoDB server is named', {
    backend: NAME,
    hint: `set ${KEY}-path, ${KEY}-dir or ${VARIABLE}`,
  })
}

/** Read at once: it is one small file, and a wrong one must stop the command before a key is touched. */
function contentOf(file: string, key: string): string {
  try {
    const { size } = statSync(file)
    if (size > MAX_BYTES) throw new ProvError('config_invalid', `${key}: ${file} is too long for a server's URL`)
    return readFileSync(file, 'utf8').replace(/\n$/, '')
  } catch (cause) {
    if (cause instanceof ProvError) throw cause
    throw new ProvError('config_invalid', `${key}: ${file} ${whyUnreadable(cause)}`, { backend: NAME })
  }
}

function given(url: string, source: string): string {
  if (url === '')
    throw new ProvError('config_invalid', `${source} is empty and names no MongoDB server`, { backend: NAME })
  if (/^mongodb(?:\+srv)?:\/\//.test(url)) return url
  throw new ProvError('config_invalid', `${source} is not a MongoDB URL`, {
    backend: NAME,
    hint: 'it begins with mongodb:// or mongodb+srv://',
  })
}
