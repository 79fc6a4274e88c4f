/** Starts writer processes that share nothing but the store. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'

export interface Written {
  /** Run uids whose put succeeded. */
  readonly stored: readonly string[]
  readonly failed: readonly string[]
}

/** @example await runWriter({ 'storage.oci.layout': folder }, 'registry.example/acme/app', 'w0', 10) */
export async function runWriter(
  settings: Readonly<Record<string, string>>,
  repository: string,
  label: string,
  count: number,
): Promise<Written> {
  const job = JSON.stringify({ settings, repository, label, count })
  // PROV_VERSION is put in by the build and by vitest; a bare process has to be given it.
  const prelude = 'data:text/javascript,globalThis.PROV_VERSION="test"'
  const args = ['--import', prelude, join(import.meta.dirname, 'writer.ts'), job]
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`writer ${label}: ${error.message}\n${stderr}`))
    })
  })
  return JSON.parse(output) as Written
}
