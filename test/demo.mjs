// `npm run demo`: the main job on a real run, from a fresh clone, without any server. Store, verify, damage a copy, verify,
// heal, verify; fails when an exit status is not the one that was promised.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, makeReady, root } from './ready.mjs'

makeReady()
const folder = mkdtempSync(join(tmpdir(), 'prov-demo-'))
copyFileSync(join(root, 'fixtures', 'runs', 'buildpacks-taskrun.yaml'), join(folder, 'run.yaml'))
const storage = ['--storage', 'tekton,oci', '--set', 'storage.oci.layout=layout']

function prov(expected, ...args) {
  console.log(`\n$ prov ${args.join(' ')}`)
  const { status } = spawnSync('node', [join(root, 'bin', 'prov.js'), ...args], {
    cwd: folder,
    env: Object.assign({}, env, { PROV_PASSWORD: 'only a demo' }),
    stdio: 'inherit',
  })
  console.log(`(exit ${status})`)
  if (status === expected) return
  console.error(`demo: expected exit ${expected}`)
  process.exit(1)
}

console.log(`in ${folder}`)
prov(0, 'keys', 'generate')
prov(0, 'store', ...storage, '--key', 'cosign.key', 'run.yaml')
prov(0, 'verify', ...storage, '--key', 'cosign.pub', 'run.yaml')

console.log('\n# somebody alters the signature in the annotation')
const run = join(folder, 'run.yaml')
const text = readFileSync(run, 'utf8')
writeFileSync(run, text.replace(/(signature-taskrun-[-0-9a-f]+: )(.{40})../, '$1$2AA'))
prov(3, 'verify', ...storage, '--key', 'cosign.pub', 'run.yaml')

console.log('\n# the copy beside the image still verifies, so the same signed bytes go back; nothing is signed again')
prov(0, 'store', ...storage, '--key', 'cosign.key', 'run.yaml')
prov(0, 'verify', ...storage, '--key', 'cosign.pub', 'run.yaml')
