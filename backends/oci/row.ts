/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'
import { ownTimeout } from '../shared/own-timeout.ts'

export const oci = backendRow({
  summary:
    "beside the image in its registry or in an OCI image layout directory, in cosign's tags or as Sigstore bundles",
  load: () => import('./backend.ts'),
  settings: {
    chains: {
      'storage.oci.repository': {
        type: 'string',
        meaning: "repository that all copies go to, and are read from, instead of the image's own",
      },
      'storage.oci.repository.insecure': {
        type: 'bool',
        default: 'false',
        meaning: 'allow plain http and unverified TLS (loopback registries need no leave)',
      },
      'storage.oci.encoding-format': {
        type: 'list',
        allowed: ['dsse', 'sigstore-bundle'],
        default: 'dsse',
        meaning:
          "dsse: cosign's .sig and .att tags; sigstore-bundle: OCI referrers, in the images' own repositories; or both; what is not named is not looked for",
      },
    },
    prov: {
      'storage.oci.timeout': ownTimeout('registries'),
      'storage.oci.layout': {
        type: 'string',
        meaning: 'folder of an OCI image layout that stands in for every registry',
      },
      'storage.oci.hosts': {
        type: 'list',
        meaning:
          'the only hosts that may be contacted; without it, any, but credentials go to hosts of the configuration only',
      },
      'storage.oci.tag-writes': {
        type: 'enum',
        allowed: ['readback', 'markers'],
        default: 'readback',
        meaning: 'how writers of one tag are kept from losing each other: cheap, or certain',
      },
      'storage.oci.ca-file': {
        type: 'string',
        meaning: 'trusted certificates (PEM) for registries, beside the usual ones',
      },
    },
  },
})
