/** What a service answers, as data: a route, who asks it, and how a refusal reads. Pure. */
import { ERRORS, type ErrorCode } from '../errors.ts'

/** Who asks. */
export interface Caller {
  /** Over the loopback interface, and by a name of it: no page of another site can say so. */
  readonly isLocal: boolean
  /** With a certificate of an authority of the clients' authorities. */
  readonly hasCertificate: boolean
  /** The header of that name. */
  readonly authorization: string | undefined
}

export interface Ask {
  readonly caller: Caller
  readonly params: Readonly<Record<string, string>>
  /** Each member that was given, with all of its values. */
  readonly query: ReadonlyMap<string, readonly string[]>
  /** What the schema of the route let pass; undefined for GET. */
  readonly body: unknown
  /** Aborted when the client has gone before it was answered. */
  readonly signal: AbortSignal
}

export interface Answer {
  /** Absent: 200. */
  readonly status?: number
  /** Absent: application/json. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | AsyncIterable<string>
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** As fastify has it: `/v1/entries/:id`. */
  readonly path: string
  /** Members that the query may have; any other is refused. */
  readonly query?: readonly string[]
  /** JSON Schema that the body is checked with. */
  readonly body?: Readonly<Record<string, unknown>>
  /** Why the caller may not ask this; undefined: it may. */
  allows(caller: Caller): Refusal | undefined
  answer(ask: Ask): Answer | Promise<Answer>
  /** How a refusal reads; absent: as {@link plainRefusal} has it. */
  refused?(refusal: Refusal): Answer
}

export interface Refusal {
  readonly status: number
  readonly code: ErrorCode
  /** One sentence; quotes nothing of the request. */
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** As a command prints a failure. @example plainRefusal(refusal).body // '{"exit":2,"error":{"code":"usage","message":"…"}}' */
export function plainRefusal({ status, code, message }: Refusal): Answer {
  return { status, body: JSON.stringify({ exit: ERRORS[code].exit, error: { code, message } }) }
}
