/** An image layout whose manifest is gone or altered: the manifest that repair writes may be the very one that was there. */
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { provHere } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runOfImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const env = { PROV_PASSWORD: PASSWORD }

interface Scene {
  readonly file: string
  readonly where: readonly string[]
  /** The blob of the manifest that the attestation's tag names. */
  readonly manifest: string
}

async function stored(): Promise<Scene> {
  const folder = scratch()
  const { file } = runOfImage({ endpoint: 'r.example', name: 'app', digest: `sha256:${'a'.repeat(64)}` })
  const [copies, layout] = [join(folder, 'copies'), join(folder, 'layout')]
  const where = [
    '--storage',
    'gcs,oci',
    '--set',
    `storage.gcs.directory=${copies}`,
    '--set',
    `storage.oci.layout=${layout}`,
  ]
  const { code, stderr } = await provHere(['store', ...where, '--key', PRIVATE_KEY, file], { env })
  expect(code, stderr).toBe(0)
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[]
  }
  const item = index.manifests.find(({ annotations }) =>
    Object.values(annotations ?? {}).some((name) => name.endsWith('.att')),
  )
  return { file, where, manifest: join(layout, 'blobs', 'sha256', item?.digest.slice('sha256:'.length) ?? '') }
}

describe.each([
  ['is gone', (path: string) => rmSync(path)],
  [
    'is a link',
    (path: string) => {
      rmSync(path)
      symlinkSync('/etc/hostname', path)
    },
  ],
  ['is cut short', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 40))],
  ['has no bytes', (path: string) => writeFileSync(path, '')],
] as const)('a manifest that %s', (_, damage) => {
  test.each([
    ['repair', (scene: Scene) => ['repair', ...scene.where, '--apply', '--key', PUBLIC_KEY, scene.file]],
    ['store', (scene: Scene) => ['store', ...scene.where, '--key', PRIVATE_KEY, scene.file]],
  ] as const)('%s writes it anew and ends', { timeout: 60_000 }, async (__, args) => {
    const scene = await stored()
    damage(scene.manifest)
    const verify = ['verify', ...scene.where, '--key', PUBLIC_KEY, scene.file]
    expect((await provHere(verify, { env })).code).toBe(3)
    const { code, stdout, stderr } = await provHere(args(scene), { env })
    expect(code, stdout + stderr).toBe(0)
    expect((await provHere(verify, { env })).code).toBe(0)
  })
})
