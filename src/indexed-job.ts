/** A migration as a Kubernetes Indexed Job: each pod does its shard, and one that dies is started again and goes on. Pure. */
import { basename } from 'node:path'

export interface IndexedJob {
  /** The command line that is to run there, without `--emit-job` and its kin. */
  readonly args: readonly string[]
  readonly shards: number
  readonly image: string
}

const FOLDER = '/etc/prov'
/** Flags whose value is a file of this machine, which the pods get from a ConfigMap. */
const FILES: readonly string[] = ['--key', '-k', '--config']
const DROPPED: readonly string[] = ['--emit-job']
const DROPPED_WITH_VALUE: readonly string[] = ['--shard', '--job-image']

/**
 * The manifest, as YAML text. Keys and configuration come from a ConfigMap `prov-migrate`, credentials from a Secret of that name.
 *
 * @example indexedJob({ args: ['migrate', '--from', 'oci', '--to', 'docdb', '--key', 'cosign.pub'], shards: 8, image: 'prov:1' })
 */
export function indexedJob({ args, shards, image }: IndexedJob): string {
  const { kept, files } = inPod(args)
  const created = [...new Set(files)].map((file) => ` --from-file=${file}`).join('')
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
      automountServiceAccountToken: ${args.includes('tekton')}
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

function inPod(args: readonly string[]): { readonly kept: readonly string[]; readonly files: readonly string[] } {
  const kept: string[] = []
  const files: string[] = []
  for (let i = 0; i < args.length; i++) {
    const [flag = '', own] = split(args[i] ?? '')
    if (DROPPED.includes(flag)) continue
    if (DROPPED_WITH_VALUE.includes(flag)) {
      if (own === undefined) i++
      continue
    }
    const value = FILES.includes(flag) ? (own ?? args[++i]) : undefined
    if (value === undefined) kept.push(args[i] ?? '')
    else if (/^(configmap\/|env:\/\/)/.test(value)) kept.push(flag, value)
    else {
      files.push(value)
      kept.push(flag, `${FOLDER}/${basename(value)}`)
    }
  }
  return { kept, files }
}

function split(arg: string): readonly [string, string?] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1
  return at < 0 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)]
}
