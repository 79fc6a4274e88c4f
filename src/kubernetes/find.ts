/** Finds how to reach the cluster: a file that was named, KUBECONFIG, ~/.kube/config, or the service account of the pod. */
import { delimiter, join, resolve } from 'node:path'
import { ProvError } from '../errors.ts'
import { readBounded, whyUnreadable } from '../platform/fs/read-limited.ts'
import { chooseContext, type KubeAccess, type KubeconfigFile } from './kubeconfig.ts'

/** Where Kubernetes puts the credentials of a pod. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

const MAX_BYTES = 4 * 1024 * 1024

export interface AccessSource {
  /** Path of a kubeconfig; counts before everything else. */
  readonly kubeconfig?: string | undefined
  /** Name of a context in it; default: its current one. */
  readonly context?: string | undefined
  /** KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are read from here. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default: {@link SERVICE_ACCOUNT}. */
  readonly serviceAccount?: string | undefined
}

/**
 * Reads the configuration, in kubectl's order. Files of KUBECONFIG that do not exist are skipped. Throws `config_invalid`, also when there
 * is not a configuration at all.
 *
 * @example (await findAccess({ env: process.env })).server // 'https://10.0.0.1:6443'
 */
export async function findAccess(source: AccessSource): Promise<KubeAccess> {
  const { kubeconfig, context, env } = source
  if (kubeconfig !== undefined) return chooseContext([await readFile(resolve(kubeconfig))], context)
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  const home = env['HOME'] ?? env['USERPROFILE'] ?? ''
  const paths = listed.length > 0 ? listed : home === '' ? [] : [join(home, '.kube', 'config')]
  const files: KubeconfigFile[] = []
  for (const path of paths) {
    const file = await readFile(resolve(path), true)
    if (file !== undefined) files.push(file)
  }
  if (files.length > 0) return chooseContext(files, context)
  const pod = context === undefined && listed.length === 0 ? await inCluster(source) : undefined
  if (pod !== undefined) return pod
  throw new ProvError(
    'config_invalid',
    `no kubeconfig was found${paths.length === 0 ? '' : ` (${paths.join(', ')})`}`,
    {
      hint: 'name one with --kubeconfig or KUBECONFIG',
    },
  )
}

/** As client-go's rest.InClusterConfig; undefined outside a pod. */
async function inCluster({ env, serviceAccount = SERVICE_ACCOUNT }: AccessSource): Promise<KubeAccess | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = env['KUBERNETES_SERVICE_PORT'] ?? ''
  if (host === '' || port === '') return undefined
  const namespace = await readText(join(serviceAccount, 'namespace'), true)
  return {
    context: 'the service account of this pod',
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: namespace?.trim() || 'default',
    ca: { file: join(serviceAccount, 'ca.crt') },
    insecure: false,
    user: { tokenFile: join(serviceAccount, 'token'), impersonate: {} },
  }
}

async function readFile(path: string): Promise<KubeconfigFile>
async function readFile(path: string, mayBeAbsent: true): Promise<KubeconfigFile | undefined>
async function readFile(path: string, mayBeAbsent?: true): Promise<KubeconfigFile | undefined> {
  const content = await (mayBeAbsent ? readText(path, true) : readText(path))
  if (content === undefined) return undefined
  const { readYaml } = await import('../platform/text/plain-yaml.ts')
  const { value, problem } = readYaml(content)
  if (problem === undefined) return { path, value }
  throw new ProvError('config_invalid', `kubeconfig ${path}: ${problem}`, { location: path })
}

/**
 * The text of a small configuration file. Throws `config_invalid`, without any of its content.
 *
 * @example await readText('/etc/kubernetes/ca.crt')
 */
export async function readText(path: string): Promise<string>
export async function readText(path: string, mayBeAbsent: true): Promise<string | undefined>
export async function readText(path: string, mayBeAbsent?: true): Promise<string | undefined> {
  try {
    const bytes = await readBounded(path, MAX_BYTES)
    if (bytes !== undefined) return bytes.toString('utf8')
  } catch (cause) {
    const why = whyUnreadable(cause)
    if (mayBeAbsent && why === 'does not exist') return undefined
    throw new ProvError('config_invalid', `${path}, which the kubeconfig needs, ${why}`, { location: path, cause })
  }
  throw new ProvError('config_invalid', `${path} is larger than ${MAX_BYTES} bytes`, { location: path })
}
