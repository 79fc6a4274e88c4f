/** What gRPC says of a connection that failed (status 14, UNAVAILABLE), in words. Pure. */
import { networkReason, shortMessage } from '../../src/platform/http/network-error.ts'

/**
 * One sentence that names the host, where gRPC does.
 *
 * @example unavailable('Firestore', '14 UNAVAILABLE: … connect ECONNREFUSED 127.0.0.1:8080') // '127.0.0.1:8080 (Firestore) could not be …'
 */
export function unavailable(service: string, message: string): string {
  const [, code, address] = /\b(E[A-Z]{4,}) (\S+:[0-9]{1,5})\b/.exec(message.slice(0, 4000)) ?? []
  const reason = networkReason(Object.assign(new Error(), { code }))
  if (reason !== undefined) return `${address} (${service}) could not be reached: ${reason}`
  const [, name] = /Name resolution failed for target (?:dns:)?(\S+)/.exec(message.slice(0, 4000)) ?? []
  if (name !== undefined) return `${name} (${service}) could not be reached: no host has that name`
  return `${service} could not be reached: ${shortMessage(message)}`
}
