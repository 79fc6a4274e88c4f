/** Connections of a service: when each came, the one address where they are taken, and what TLS makes of them. */
import { lookup } from 'node:dns/promises'
import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { ProvError } from '../errors.ts'
import { isLoopback } from '../platform/http/addresses.ts'

/** What a server shows of itself, and whom it trusts. PEM. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  /** Certificate authorities of clients; absent: no client is asked for a certificate. */
  readonly clientCa?: string
}

/**
 * A handshake is judged by the authorities that counted when its connection came, however late it ends. A TLS socket does not name the one
 * below it, so the two meet by the client's address.
 *
 * @example noteBirths(server, born, () => generation)
 */
export function noteBirths(server: Server, born: WeakMap<object, number>, generation: () => number): void {
  const came = new Map<string, { readonly generation: number }>()
  const client = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
  server.on('connection', (socket: Socket) => {
    const [name, birth] = [client(socket), { generation: generation() }]
    came.set(name, birth)
    socket.once('close', () => {
      if (came.get(name) === birth) came.delete(name)
    })
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    const birth = came.get(client(socket))
    if (birth !== undefined) born.set(socket, birth.generation)
  })
}

/** One address, so that there is one server whose certificates can be renewed. Throws `config_invalid` for a name of others without TLS. @example await addressOf('localhost', false) // '127.0.0.1' */
export async function addressOf(host: string, hasTls: boolean): Promise<string> {
  const { address } = await lookup(host, { order: 'ipv4first' })
  if (hasTls || isLoopback(address)) return address
  throw new ProvError('config_invalid', `${host} is ${address}, which others reach, and nothing is encrypted`, {
    hint: 'use --tls-cert and --tls-key, or listen at 127.0.0.1',
  })
}

/** For a TLS context of Node.js. @example contextOf(tls).cert */
export function contextOf({ cert, key, clientCa }: TlsMaterial): { cert: string; key: string; ca?: string } {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) }
}

/** Health is for everybody, so the handshake refuses nobody, and each route asks. No session outlives the authorities it was checked with. @example clientsOf(tls) */
export function clientsOf({ clientCa }: TlsMaterial): object {
  const { SSL_OP_NO_TICKET } = process.getBuiltinModule('node:crypto').constants
  return {
    secureOptions: SSL_OP_NO_TICKET,
    ...(clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
  }
}
