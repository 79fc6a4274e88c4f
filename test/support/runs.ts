/** Runs of fixtures/ in folders of their own, with their images in a registry on loopback. */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './cli.ts'
import { freshName, seedImage } from './registry.ts'
import { scratch } from './scratch.ts'

export const FIXTURES = join(ROOT, 'fixtures')
/** Throw-away pair of fixtures/keys and its password. */
export const PRIVATE_KEY = join(FIXTURES, 'keys/cosign.key')
export const PUBLIC_KEY = join(FIXTURES, 'keys/cosign.pub')
export const PASSWORD = 'prov'

function filesOf(path: string): readonly string[] {
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesOf(join(path, name))) : [path]
}

/**
 * Copies a run (file or folder of fixtures/runs) into a new folder, with every text in `rewrite` replaced; returns its path.
 *
 * @example runFixture('kaniko-taskrun.json', { rewrite: { 'quay.io/acme': '127.0.0.1:5600/acme' } })
 */
export function runFixture(
  name: string,
  { rewrite = {} }: { readonly rewrite?: Readonly<Record<string, string>> } = {},
): string {
  const path = join(scratch(), name)
  cpSync(join(FIXTURES, 'runs', name), path, { recursive: true })
  for (const file of filesOf(path)) {
    let text = readFileSync(file, 'utf8')
    for (const [from, to] of Object.entries(rewrite)) text = text.replaceAll(from, to)
    writeFileSync(file, text)
  }
  return path
}

export interface RunWithImage {
  readonly file: string
  /** REPOSITORY@DIGEST */
  readonly image: string
  readonly endpoint: string
  /** Name of the repository in the registry. */
  readonly name: string
  readonly digest: string
  readonly uid: string
}

const BUILDPACKS = {
  image: 'ttl.sh/slsapoc',
  digest: 'sha256:09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2',
  uid: 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9',
}

/**
 * The buildpacks TaskRun with one image, which is pushed to the registry at `endpoint`; name, digest and uid are new.
 *
 * @example const { file, image } = await runWithImage(registry('distribution'))
 */
export async function runWithImage(
  endpoint: string,
  { through = endpoint, uid = crypto.randomUUID(), name = freshName('slsapoc') } = {},
): Promise<RunWithImage> {
  const seeded = await seedImage(endpoint, name)
  const digest = seeded.slice(seeded.indexOf('@') + 1)
  return runOfImage({ endpoint: through, name, digest, uid })
}

/**
 * The same run without any registry: nothing is pushed.
 *
 * @example runOfImage({ endpoint: 'registry.example', name: 'app', digest: 'sha256:…' }).file
 */
export function runOfImage(of: Omit<RunWithImage, 'file' | 'image' | 'uid'> & { readonly uid?: string }): RunWithImage {
  const { endpoint, name, digest, uid = crypto.randomUUID() } = of
  const repository = `${endpoint}/${name}`
  const rewrite = { [BUILDPACKS.image]: repository, [BUILDPACKS.digest]: digest, [BUILDPACKS.uid]: uid }
  const file = runFixture('buildpacks-taskrun.yaml', { rewrite })
  return { file, image: `${repository}@${digest}`, endpoint, name, digest, uid }
}
