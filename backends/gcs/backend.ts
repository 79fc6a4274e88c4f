/** gcs: the objects that Tekton Chains writes to Google Cloud Storage, in a bucket or in a directory. */

import type { OpenBackend } from '../../src/backend/backend.ts'
import { withoutTrailing } from '../../src/platform/text/trim.ts'
import { openObjects } from '../objects/backend.ts'
import { directoryStore } from '../objects/directory.ts'
import { refuseProxies } from '../shared/configured.ts'
import { NAME, readSettings } from './settings.ts'

/**
 * Opens the backend; nothing is contacted before the first call that needs it. Settings: `storage.gcs.bucket`, `.endpoint`, `.timeout`, or
 * `storage.gcs.directory`. Credentials: Google's application default. Calls throw
 * `config_invalid` for what is set wrong.
 *
 * @example const gcs = open(context); await gcs.get(slot, { signal })
 */
export const open: OpenBackend = (context) =>
  openObjects(context, {
    name: NAME,
    sharedWrites: context.setting('storage.gcs.directory') ? 'lock' : 'precondition',
    configured: async () => {
      if (!context.setting('storage.gcs.directory')) await refuseProxies(context, NAME)
    },
    diagnosis: () => {
      const { directory, endpoint } = readSettings(context)
      return { name: NAME, open, directory, endpoint }
    },
    home: () => {
      const settings = readSettings(context)
      const { directory } = settings
      if (directory === undefined) {
        const connect = async () => (await import('./connection.ts')).connect(settings, context)
        return { root: `gs://${settings.bucket}/`, connect }
      }
      const connect = async () => directoryStore(context, { backend: NAME, directory })
      return { root: `${withoutTrailing(directory, '/')}/`, connect }
    },
  })
