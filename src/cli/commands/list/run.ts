/** The work of `prov list`. */

import { ProvError } from '../../../errors.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { setUp } from '../../../setup/backends.ts'
import { listFilter } from '../../../setup/filters.ts'
import { show } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { ListOptions } from './flags.ts'

/** Streams one line a slot; with --json one JSON object a line, so that a million entries need no memory. */
export async function runList(options: ListOptions, io: Io): Promise<void> {
  // Whoever names a cluster wants it listed.
  const live = options.kubeconfig !== undefined || options.context !== undefined
  const set = live ? [...options.set, 'storage.tekton.cluster=true'] : options.set
  const setup = await setUp({ ...options, set }, worldOf(io, options), { truth: true })
  try {
    for (const backend of setup.backends) {
      if (backend.list === undefined) {
        throw new ProvError('not_supported', `${backend.name} cannot list what it holds here`, {
          backend: backend.name,
          hint: 'tekton lists the file that --tekton-file names, or the cluster of --kubeconfig or --context',
        })
      }
    }
    const filter = listFilter(options)
    for (const backend of setup.backends) {
      for await (const slot of backend.list?.(filter, { signal: io.signal }) ?? []) {
        const { key, found: _found, ...rest } = slot
        if (options.json === true) await write(io.stdout, jsonLine({ ...rest, slot: key }))
        else await show(io, [`${backend.name} ${slot.kind} ${key}`])
      }
    }
  } finally {
    await setup.close()
  }
}
