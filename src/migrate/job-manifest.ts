/** A migration as a Kubernetes Indexed Job: each pod does its shard, and one that dies is started again and goes on. Pure. */
import { basename } from 'node:path'

export interface IndexedJob {
  /** The command line that is to run there, without `--emit-job` and its kin. */
  readonly args: readonly string[]
  readonly shards: number
  readonly image: string
  /** The pods ask the cluster, for its runs or its configuration. */
  readonly usesCluster: boolean
}

const FOLDER = '/etc/prov'
/** Flags whose value is a file of this machine, which the pods get from a ConfigMap. */
const FILES: readonly string[] = ['--key', '-k', '--config']
const DROPPED: readonly string[] = ['--emit-job']
const DROPPED_WITH_VALUE: readonly string[] = ['--shard', '--job-image']

/**
 * The manifest, as YAML text. Keys and configuration come from a ConfigMap `prov-migrate`, credentials from a Secret of that name.
 *
 * @example indexedJob({ args: ['migrate', '--from', 'oci', '--to', 'docdb', '--key', 'cosign.pub'], shards: 8, image: 'prov:1', usesCluster: false })
 */
export function indexedJob({ args, shards, image, usesCluster }: IndexedJob): string {
  const { kept, files } = inPod(args)
  const created = [...files].map(([name, file]) => ` --from-file=${inShell(name, file)}`).join('')
  return `# kubectl create configmap prov-migrate${created}
# kubectl create secret generic prov-migrate --from-literal=…   (credentials, as environment variables)
apiVersion: batch/v1
kind: Job
metadata:
  name: prov-migrate
spec:
  completionMode: Indexed
  completions: ${shards}
  parallelism: ${shards}
  backoffLimitPerIndex: 10
  podFailurePolicy:
    rules:
      # Usage, and copies that do not verify: another try changes nothing.
      - action: FailIndex
        onExitCodes:
          containerName: prov
          operator: In
          values: [2, 3]
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: ${usesCluster}
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: prov
          image: ${JSON.stringify(image)}
          args:
${[...kept, '--shard', `/${shards}`].map((arg) => `            - ${JSON.stringify(arg)}`).join('\n')}
          envFrom:
            - secretRef: {name: prov-migrate, optional: true}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts:
            - {name: prov, mountPath: ${FOLDER}, readOnly: true}
      volumes:
        - name: prov
          configMap: {name: prov-migrate}
`
}

/** Files by their name in the ConfigMap, where two folders may each have a `cosign.pub`. */
type Files = ReadonlyMap<string, string>

function inPod(args: readonly string[]): { readonly kept: readonly string[]; readonly files: Files } {
  const kept: string[] = []
  const files = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const [flag = '', own] = split(args[i] ?? '')
    if (DROPPED.includes(flag)) continue
    if (DROPPED_WITH_VALUE.includes(flag)) {
      if (own === undefined) i++
      continue
    }
    const value = FILES.includes(flag) ? (own ?? args[++i]) : undefined
    if (value === undefined) kept.push(args[i] ?? '')
    else if (/^(configmap\/|cm\/|env:\/\/)/.test(value)) kept.push(flag, value)
    else {
      const name = nameFor(value, files)
      files.set(name, value)
      kept.push(flag, `${FOLDER}/${name}`)
    }
  }
  return { kept, files }
}

/** A key of a ConfigMap that no other file has. */
function nameFor(file: string, files: Files): string {
  const name = basename(file).replace(/[^-._a-zA-Z0-9]/g, '-')
  for (let n = 1; ; n++) {
    const one = n === 1 ? name : `${n}-${name}`
    if ((files.get(one) ?? file) === file) return one
  }
}

function inShell(name: string, file: string): string {
  const text = name === basename(file) ? file : `${name}=${file}`
  return /^[-=._/a-zA-Z0-9]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

function split(arg: string): readonly [string, string?] {
  if (/^-k./.test(arg)) return ['-k', arg.slice(2)]
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1
  return at < 0 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)]
}
