/** What Gatekeeper sends to POST /verify and POST /mutate; the service checks each request with this. */
import { file } from './document.ts'
import { list, object, TEXT } from './shape.ts'

/** As Gatekeeper has it (open-policy-agent/frameworks, constraint/pkg/externaldata/request.go). */
export interface ProviderRequest {
  readonly apiVersion: string
  readonly kind: string
  readonly request: { readonly keys: readonly string[] }
}

export const API_VERSION = 'externaldata.gatekeeper.sh/v1beta1'

export const schema = file(
  'request of POST /verify and POST /mutate of prov serve',
  object<ProviderRequest>(
    {
      apiVersion: { const: API_VERSION },
      kind: { const: 'ProviderRequest' },
      request: object<ProviderRequest['request']>({ keys: { ...list(TEXT), minItems: 1 } }, {}),
    },
    {},
  ),
)
