/** What the service answers, good and bad, over embedded stores. */
import type { SchemaName } from '../../src/report/schemas/index.ts'
import type { Output } from './outputs.ts'
import { PUBLIC_KEY } from './runs.ts'
import { ask as askService, provide, providerRequest, type Started, startService } from './service.ts'
import { ask, commit, drain, type TruthPlace, truthPlace } from './truth-outputs.ts'

const IMAGE = 'ttl.sh/slsapoc@sha256:09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'

/** A run that was committed and delivered, and a service over the same stores. */
async function served(): Promise<{ readonly at: TruthPlace; readonly service: Started }> {
  const at = truthPlace()
  await commit(at)
  await drain(at, '--storage', 'docdb')
  const service = await startService([...flagsOf(at), ...at.truth])
  return { at, service }
}

function flagsOf({ storage }: TruthPlace): readonly string[] {
  return [...storage, '--storage', 'docdb', '--key', PUBLIC_KEY]
}

async function answers(...paths: readonly string[]): Promise<readonly Output[]> {
  const { service } = await served()
  const all: Output[] = []
  for (const path of paths) all.push(said((await askService(service.address, path)).text))
  await service.stop()
  return all
}

function said(stdout: string): Output {
  return { args: [], code: 0, stderr: '', stdout }
}

const of = (image: string): string => `/v1/verify?image=${encodeURIComponent(image)}`

type ServeSchema = Extract<SchemaName, 'serve' | `serve-${string}`>

/** By schema: answers of its path. */
export const SERVE_OUTPUTS: Readonly<Record<ServeSchema, () => Promise<readonly Output[]>>> = {
  async serve() {
    const at = truthPlace()
    await commit(at)
    const check = (...more: readonly string[]): Promise<Output> => ask('serve', ...flagsOf(at), '--check', ...more)
    return [
      await check(),
      await check(...at.truth),
      await check('--truth', `sqlite:${at.folder}/none/truth.db`),
      await check('--tls-cert', at.file),
    ]
  },
  async 'serve-request'() {
    return [said(JSON.stringify(providerRequest([IMAGE, IMAGE])))]
  },
  async 'serve-response'() {
    const { service } = await served()
    const { address } = service
    const absent = IMAGE.replace(/.{4}$/, '0000')
    const all = [
      await provide(address, '/verify', [IMAGE, absent, 'odd']),
      await provide(address, '/mutate', [IMAGE, absent, 'odd']),
      await provide(address, '/verify', []),
    ]
    await service.stop()
    return all.map(({ text }) => said(text))
  },
  'serve-verify': () => answers(of(IMAGE), of(IMAGE.replace(/.{4}$/, '0000')), of('odd'), '/v1/verify', '/v1/none'),
  'serve-search': () =>
    answers(
      `/v1/search?builder=${encodeURIComponent('https://tekton.dev/chains/v2')}`,
      '/v1/search?run=another',
      '/v1/search',
      '/v1/search?odd=1',
    ),
  'serve-artifact': () =>
    answers(
      `/v1/artifacts/${encodeURIComponent('prov:taskrun/b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9')}`,
      '/v1/artifacts/none',
    ),
  'serve-outbox': () => answers('/v1/outbox', '/v1/outbox?state=pending&limit=1', '/v1/outbox?state=odd'),
}
