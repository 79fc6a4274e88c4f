/** `prov store` killed before and after every single request: one more completes what it left. */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeWith, registry } from '../servers/endpoints.ts'
import { prov } from '../support/cli.ts'
import { cutAfter, cutBefore, startProxy } from '../support/proxy.ts'
import { runWithImage } from '../support/runs.ts'
import { editRun, type KeyFiles, newKey } from '../support/stage.ts'
import { registryTags } from '../support/tags.ts'
import { killEverywhere, problemsAfterOneMore, type Try } from './completed.ts'

/** A dead writer's marker counts until twice this has passed. */
const REQUEST_MS = 1500

let key: KeyFiles
beforeAll(() => {
  key = newKey()
})

interface Kill {
  readonly when: 'before' | 'after'
  readonly n: number
  readonly tagWrites: 'readback' | 'markers'
  /** The run is stored already, has got another label since, and is being signed anew. */
  readonly resign?: boolean
}

async function killed({ when, n, tagWrites, resign = false }: Kill): Promise<Try> {
  const endpoint = registry('distribution')
  await using proxy = await startProxy(endpoint)
  const run = await runWithImage(endpoint, { through: proxy.endpoint })
  const tags = registryTags(endpoint, run.name)
  const settings = ['--set', `storage.oci.tag-writes=${tagWrites}`]
  const where = ['--storage', 'tekton,oci', ...settings]

  const flags = resign ? ['--resign'] : []
  if (resign) {
    const stored = await prov(['store', ...where, '--key', key.private, run.file])
    expect(stored.code, stored.stdout + stored.stderr).toBe(0)
    editRun(run.file, ({ metadata: { labels } }) => Object.assign(labels, { 'example.com/team': 'blue' }))
    proxy.reset()
  }

  let child: ChildProcess | undefined
  const end = async (): Promise<void> => {
    const gone = new Promise((ended) => child?.once('exit', ended))
    child?.kill('SIGKILL')
    await gone
  }
  proxy.use(when === 'before' ? cutBefore(n, end) : cutAfter(n, end))
  const { code, stdout, stderr } = await prov(['store', ...where, ...flags, '--key', key.private, run.file], {
    started: (started) => {
      child = started
    },
  })
  proxy.use(undefined)
  if (code !== null && code !== 0) return { undisturbed: true, problems: [`exit ${code}: ${stdout}${stderr}`] }
  // A marker may be on its way still: whether one is listed by now tells nothing.
  if (tagWrites === 'markers') await sleep(2 * REQUEST_MS)
  const patient = [...where, '--set', `storage.oci.timeout=${REQUEST_MS}ms`]
  const scene = { run, key, tags, where: tagWrites === 'markers' ? patient : where, flags }
  return { undisturbed: code === 0, problems: await problemsAfterOneMore(scene) }
}

describeWith(['distribution'], 'a store killed at a request', () => {
  describe.each(['readback', 'markers'] as const)('with tag-writes: %s', (tagWrites) => {
    it.each(['before', 'after'] as const)(
      '%s it was served, is completed by one more',
      { timeout: 240_000 },
      async (when) => {
        const { kills, problems } = await killEverywhere(
          (n) => killed({ when, n, tagWrites }),
          tagWrites === 'markers' ? 4 : 3,
        )
        expect(problems).toEqual([])
        expect(kills).toBeGreaterThan(tagWrites === 'markers' ? 40 : 20)
      },
    )
  })

  it.each(['before', 'after'] as const)(
    '%s it was served, is completed by one more: --resign',
    { timeout: 240_000 },
    async (when) => {
      const { kills, problems } = await killEverywhere((n) => killed({ when, n, tagWrites: 'readback', resign: true }))
      expect(problems).toEqual([])
      expect(kills).toBeGreaterThan(10)
    },
  )
})
