/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'
import { ownTimeout } from '../shared/own-timeout.ts'

export const s3 = backendRow({
  summary: 'objects in S3 or in a directory, under the names that Tekton Chains uses in Google Cloud Storage',
  load: () => import('./backend.ts'),
  variables: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'],
  settings: {
    prov: {
      'storage.s3.bucket': { type: 'string', meaning: 'bucket of the S3 backend' },
      'storage.s3.prefix': { type: 'string', meaning: 'folder in the bucket that holds all objects' },
      'storage.s3.endpoint': {
        type: 'string',
        meaning: 'URL of a service other than AWS; AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL count while it is unset',
      },
      'storage.s3.region': {
        type: 'string',
        meaning: 'region of the bucket; AWS_REGION and AWS_DEFAULT_REGION count while it is unset',
      },
      'storage.s3.path-style': {
        type: 'bool',
        meaning: "name the bucket in the path of a URL, not in its host (default: true with an endpoint of one's own)",
      },
      'storage.s3.directory': {
        type: 'string',
        meaning: 'directory that stands in for a bucket, with the same names',
      },
      'storage.s3.timeout': ownTimeout('s3'),
    },
  },
})
