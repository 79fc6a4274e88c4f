/** The real API server, by plain requests: no code of prov's own prepares what prov is judged by. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { parse } from 'yaml'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { server } from '../servers/endpoints.ts'

export interface Api {
  readonly url: string
  /** Path of the kubeconfig, contexts `token` and `cert`. */
  readonly kubeconfig: string
  readonly ca: string
  readonly token: string
  /** A namespace that nothing else is in. */
  readonly namespace: string
  /** As administrator. Throws for a status over 299, unless it is one of `also`. */
  call(method: string, path: string, body?: object, also?: readonly number[]): Promise<KubeJson>
  /** Creates a run as the cluster would have it, with a uid of the server's, and gives it as prov reads it. */
  create(run: Pick<RunArtifact, 'kind' | 'object'>, name?: string): Promise<RunArtifact>
  annotations(run: RunArtifact): Promise<Readonly<Record<string, string>>>
  /** Merges into the annotations, as anybody may; null removes one. */
  annotate(run: RunArtifact, annotations: Readonly<Record<string, string | null>>): Promise<void>
}

export interface KubeJson {
  readonly kind: string
  readonly metadata: {
    readonly uid: string
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly status?: Readonly<Record<string, unknown>>
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly 'certificate-authority-data': string } }]
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[]
}

/** @example const api = await realApi(); const run = await api.create(sampleRun('a', image)) */
export async function realApi(): Promise<Api> {
  const { KUBE_APISERVER: url = '', KUBECONFIG: kubeconfig = '' } = await server('kube-apiserver')
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig
  const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString()
  const token = users[0]?.user['token'] ?? ''
  const namespace = `prov-${randomBytes(5).toString('hex')}`

  function call(method: string, path: string, body?: object, also: readonly number[] = []): Promise<KubeJson> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const headers = { authorization: `Bearer ${token}`, 'content-type': type }
    return new Promise((done, failed) => {
      const sent = request(`${url}${path}`, { method, ca, headers }, async (answer) => {
        const chunks: Buffer[] = []
        for await (const chunk of answer) chunks.push(chunk as Buffer)
        const text = Buffer.concat(chunks).toString()
        const code = answer.statusCode ?? 0
        if (code > 299 && !also.includes(code)) failed(new Error(`${method} ${path}: ${code} ${text.slice(0, 500)}`))
        else done(JSON.parse(text) as KubeJson)
      })
      sent.on('error', failed)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  await call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  return {
    url,
    kubeconfig,
    ca,
    token,
    namespace,
    call,
    async create({ kind, object }, name = `run-${randomBytes(6).toString('hex')}`) {
      const { metadata, status, ...rest } = object
      const { labels, annotations } = metadata as Readonly<Record<string, object>>
      const path = `/apis/tekton.dev/v1/namespaces/${namespace}/${kind.toLowerCase()}s`
      const made = await call('POST', path, { ...rest, metadata: { name, labels, annotations } })
      const whole = status === undefined ? made : await call('PATCH', `${path}/${name}/status`, { status })
      const { uid } = made.metadata
      return { type: 'run', kind, namespace, name, uid, object: { ...whole }, children: [] }
    },
    annotations: async (run) => (await call('GET', pathOf(run))).metadata.annotations ?? {},
    annotate: async (run, annotations) => void (await call('PATCH', pathOf(run), { metadata: { annotations } })),
  }
}

/** Where the API serves the run. */
export function pathOf({ kind, namespace, name }: Pick<RunArtifact, 'kind' | 'namespace' | 'name'>): string {
  return `/apis/tekton.dev/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`
}
