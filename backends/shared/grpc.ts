/** Connections of gRPC clients: by the proxies and certificates that every other client goes by, in place of rules of their own. */

import { ProvError } from '../../src/errors.ts'
import type { HttpContext } from '../../src/platform/http/context.ts'
import { proxyFor } from '../../src/platform/http/proxy.ts'
import { trustRoots } from '../../src/platform/http/roots.ts'

/** What google-gax hands on to the channel (grpc-js's options), and where the connection goes. */
export interface GrpcRoute {
  readonly servicePath: string
  readonly port: number
  readonly 'grpc.enable_http_proxy': 0
  readonly 'grpc.http_connect_target'?: string
  readonly 'grpc.http_connect_creds'?: string
  readonly 'grpc.default_authority'?: string
}

/**
 * The way to a service that speaks TLS: straight, or by CONNECT through an HTTP proxy. Throws `config_invalid` for a proxy that cannot
 * be used; gRPC speaks to proxies in plain HTTP only.
 *
 * @example new FirestoreClient(await grpcRoute('firestore.googleapis.com', context))
 */
export async function grpcRoute(host: string, { env }: Pick<HttpContext, 'env'>): Promise<GrpcRoute> {
  await trustRoots(env)
  const choice = proxyFor(new URL(`https://${host}/`), env)
  if (choice.kind === 'straight') return { servicePath: host, port: 443, 'grpc.enable_http_proxy': 0 }
  const refused = choice.kind === 'unusable' ? choice.reason : 'gRPC goes through proxies in plain HTTP only'
  if (choice.kind === 'unusable' || choice.url.protocol !== 'http:') {
    const message = `the proxy of ${choice.variable} cannot be used: ${refused}`
    throw new ProvError('config_invalid', message, { operation: 'connect', location: choice.variable })
  }
  const { hostname, port, username, password } = choice.url
  const login = username === '' ? undefined : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    servicePath: hostname,
    port: port === '' ? 80 : Number(port),
    'grpc.enable_http_proxy': 0,
    'grpc.http_connect_target': `dns:${host}:443`,
    'grpc.default_authority': host,
    ...(login === undefined ? {} : { 'grpc.http_connect_creds': login }),
  }
}
