/** A kubeconfig that cannot be used is said before anything is written: exit 2, and other backends keep nothing new. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { provHere } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runOfImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const cluster = 'clusters: [{ name: c, cluster: { server: "https://127.0.0.1:1" } }]'

test.each([
  ['that is not YAML', '{ bad', []],
  ['without the context that is named', `current-context: other\n${cluster}\n`, []],
  ['whose context is named on the command line and not there', `${cluster}\n`, ['--context', 'nowhere']],
])('a kubeconfig %s', async (_, text, flags) => {
  const folder = scratch()
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, text)
  const copies = join(folder, 'copies')
  const { file } = runOfImage({ endpoint: 'r.example', name: 'app', digest: `sha256:${'a'.repeat(64)}` })
  const where = ['--storage', 'gcs,tekton', '--set', `storage.gcs.directory=${copies}`]
  const live = ['--set', 'storage.tekton.cluster=true', '--kubeconfig', kubeconfig, ...flags]
  for (const args of [
    ['store', ...where, ...live, '--key', PRIVATE_KEY, file],
    ['verify', ...where, ...live, '--key', PUBLIC_KEY, file],
  ]) {
    const { code, stderr, stdout } = await provHere(args, { env: { PROV_PASSWORD: PASSWORD } })
    expect(code, stdout + stderr).toBe(2)
    expect(stderr).toContain('config_invalid')
  }
  expect(existsSync(copies)).toBe(false)
})
