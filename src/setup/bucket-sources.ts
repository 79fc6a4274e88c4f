/** From settings to the buckets that a worker takes objects in from: the one of gcs, and the inbox. */
import type { Backend } from '../backend/backend.ts'
import type { BucketSource } from '../delivery/bucket-objects.ts'
import { ProvError } from '../errors.ts'
import { openNamed, type Setup } from './backends.ts'
import type { World } from './world.ts'

export interface BucketSources {
  readonly sources: readonly BucketSource[]
  close(): Promise<void>
}

/** Backends whose buckets tell Pub/Sub of their objects, with the settings that say where they are. */
const ANNOUNCED: Readonly<Record<string, { readonly bucket: string; readonly directory: string }>> = {
  gcs: { bucket: 'storage.gcs.bucket', directory: 'storage.gcs.directory' },
}
/** Settings that name the bucket of a backend. */
const BUCKETS = ['storage.gcs.bucket', 'storage.s3.bucket']

/**
 * Nothing is contacted yet. Throws `config_invalid` for an inbox that is the bucket of a backend, whether this worker serves that or not: objects
 * are removed from an inbox.
 *
 * @example const { sources, close } = await bucketSources(setup, world)
 */
export async function bucketSources({ settings, backends }: Setup, world: World): Promise<BucketSources> {
  const inbox = settings.get('wake.inbox-bucket')
  const same = BUCKETS.find((key) => inbox !== undefined && settings.get(key) === inbox)
  if (same !== undefined) {
    throw new ProvError('config_invalid', `wake.inbox-bucket and ${same} name one bucket, ${inbox}`, {
      hint: 'objects are removed from an inbox once they are imported: give it a bucket of its own',
    })
  }
  const opened: Backend[] = []
  const sources: BucketSource[] = backends.flatMap((backend) => {
    const place = ANNOUNCED[backend.name]
    const bucket = place === undefined ? undefined : settings.get(place.bucket)
    const isDirectory = place !== undefined && settings.get(place.directory) !== undefined
    return bucket === undefined || isDirectory ? [] : [{ bucket, backend, isInbox: false }]
  })
  if (inbox !== undefined) {
    const instead = { 'storage.gcs.bucket': inbox, 'storage.gcs.directory': undefined }
    const backend = await openNamed('gcs', settings, world, instead)
    opened.push(backend)
    sources.push({ bucket: inbox, backend, isInbox: true })
  }
  return {
    sources,
    close: async () => {
      await Promise.allSettled(opened.map((backend) => backend.close()))
    },
  }
}
