/** s3: the objects that Tekton Chains writes to Google Cloud Storage, under the same names, in a bucket of S3 or in a directory. */

import type { OpenBackend } from '../../src/backend/backend.ts'
import { withoutTrailing } from '../../src/platform/text/trim.ts'
import { openObjects } from '../objects/backend.ts'
import { directoryStore } from '../objects/directory.ts'
import { refuseProxies } from '../shared/configured.ts'
import { NAME, readSettings } from './settings.ts'

/**
 * Opens the backend; nothing is contacted before the first call that needs it. Settings: `storage.s3.bucket`, `.prefix`, `.endpoint`,
 * `.region`, `.path-style`, `.timeout`, or `storage.s3.directory`. Credentials: the AWS chain. Calls throw
 * `config_invalid` for what is set wrong.
 *
 * @example const s3 = open(context); await s3.get(slot, { signal })
 */
export const open: OpenBackend = (context) =>
  openObjects(context, {
    name: NAME,
    sharedWrites: context.setting('storage.s3.directory') ? 'lock' : 'precondition',
    configured: async () => {
      if (!context.setting('storage.s3.directory')) await refuseProxies(context, NAME)
    },
    diagnosis: () => {
      const { directory, endpoint, region } = readSettings(context)
      const aws = region === undefined ? undefined : `https://s3.${region}.amazonaws.com`
      return { name: NAME, open, directory, endpoint: endpoint ?? aws }
    },
    home: () => {
      const settings = readSettings(context)
      const { directory } = settings
      if (directory === undefined) {
        const connect = async () => (await import('./connection.ts')).connect(settings, context)
        return { root: `s3://${settings.bucket}/${settings.prefix}`, connect }
      }
      const connect = async () => directoryStore(context, { backend: NAME, directory })
      return { root: `${withoutTrailing(directory, '/')}/`, connect }
    },
  })
