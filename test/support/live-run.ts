/** What the tests of live runs share: a run in a cluster, and a backend that is configured for it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { openTekton } from '../../backends/tekton/backend.ts'
import type { Backend } from '../../src/backend/backend.ts'
import { runPath } from '../../src/kubernetes/runs.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { testContext } from './context.ts'
import type { FakeApi } from './fake-kubernetes-api.ts'
import { testFolder } from './tekton.ts'

/** A kubeconfig with one context of one user. */
export function kubeconfig(server: string, user: object = {}, cluster: object = {}): string {
  const path = join(testFolder(), 'kubeconfig')
  const context = { cluster: 'c', user: 'u', namespace: 'ci' }
  writeFileSync(
    path,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server, ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context }],
      'current-context': 'x',
    }),
    { mode: 0o600 },
  )
  return path
}

/** The backend on live objects; `settings` over those of the tests. */
export function liveBackend(
  config: string,
  settings: Readonly<Record<string, string>> = {},
  lines?: string[],
): Backend {
  const all = {
    'storage.tekton.cluster': 'true',
    'kubernetes.kubeconfig': config,
    'storage.timeout': '20s',
    ...settings,
  }
  return openTekton(testContext(all, {}, lines))
}

/** Puts the run where the fake serves it, and gives its path there. */
export function place(api: FakeApi, run: RunArtifact, annotations: Readonly<Record<string, string>> = {}): string {
  const path = runPath(run.kind, run.namespace, run.name)
  const metadata = { name: run.name, namespace: run.namespace, uid: run.uid, resourceVersion: '1', annotations }
  api.objects.set(path, { apiVersion: 'tekton.dev/v1', kind: run.kind, metadata })
  return path
}
