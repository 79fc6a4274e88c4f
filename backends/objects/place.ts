/** Places of objects as URLs, and objects below a folder of a bucket. Pure but for what it passes on. */
import type { Objects } from '../../src/backend/objects.ts'
import { ProvError } from '../../src/errors.ts'
import { withoutTrailing } from '../../src/platform/text/trim.ts'

/** `root` is how it is named in messages; it ends with `/`, and so does a prefix that is not empty. */
export type ObjectsPlace =
  | { readonly scheme: 'gs' | 's3'; readonly bucket: string; readonly prefix: string; readonly root: string }
  | { readonly scheme: 'file'; readonly folder: string; readonly root: string }

const BUCKET = /^(gs|s3):\/\/([a-z0-9][a-z0-9._-]{1,221}[a-z0-9])(\/[^?#]*)?$/

/**
 * Reads a URL. Throws `usage` for any other, and for a path with `.`, `..` or an empty part.
 *
 * @example placeOf('gs://prov-keys/jwks') // { scheme: 'gs', bucket: 'prov-keys', prefix: 'jwks/', root: 'gs://prov-keys/jwks/' }
 */
export function placeOf(url: string): ObjectsPlace {
  const [, scheme, bucket = '', path = ''] = BUCKET.exec(url) ?? []
  if (scheme === 'gs' || scheme === 's3') {
    const parts = withoutTrailing(path.slice(1), '/')
    if (parts.split('/').some((part) => part === '.' || part === '..' || (part === '' && parts !== ''))) throw odd(url)
    const prefix = parts === '' ? '' : `${parts}/`
    return { scheme, bucket, prefix, root: `${scheme}://${bucket}/${prefix}` }
  }
  const folder = url.startsWith('file:') ? url.slice('file:'.length).replace(/^\/\/(?=\/)/, '') : ''
  if (folder === '' || folder.includes('\0')) throw odd(url)
  return { scheme: 'file', folder, root: `file:${withoutTrailing(folder, '/')}/` }
}

function odd(url: string): ProvError {
  return new ProvError('usage', `${JSON.stringify(url.slice(0, 200))} is not a place for objects`, {
    hint: 'use gs://BUCKET/PATH, s3://BUCKET/PATH or file:FOLDER',
  })
}

/** The objects below a prefix, by their names below it. @example prefixed(bucket, 'jwks/').get('keys/eu.json', { signal }) */
export function prefixed(objects: Objects, prefix: string): Objects {
  if (prefix === '') return objects
  return {
    get: (name, calls) => objects.get(`${prefix}${name}`, calls),
    put: (name, bytes, expect, calls) => objects.put(`${prefix}${name}`, bytes, expect, calls),
    async *list(under, calls) {
      for await (const one of objects.list(`${prefix}${under}`, calls)) {
        if (one.name.startsWith(prefix)) yield { ...one, name: one.name.slice(prefix.length) }
      }
    },
    close: () => objects.close(),
  }
}
