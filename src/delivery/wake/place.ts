/** URLs of places that hints come from or go to. Pure. */
import { ProvError } from '../../errors.ts'
import type { WakePlace } from './wake.ts'

const FORMS = 'redis://HOST/DATABASE?stream=NAME, nats://HOST?subject=NAME or pubsub:projects/P/subscriptions/S'
const SUBJECT = /^[A-Za-z0-9_$/:=-]{1,64}(?:\.[A-Za-z0-9_$/:=-]{1,64}){0,15}$/
const STREAM = /^[^\s\p{C}]{1,200}$/u
const RESOURCE = /^projects\/[A-Za-z0-9][A-Za-z0-9.:-]{0,99}\/(subscriptions|topics)\/[A-Za-z][\w.~+%-]{2,254}$/

/**
 * Throws `usage` for a URL that is none of the three, or that holds a password.
 *
 * @example placeOf('redis://cache/0?stream=prov').transport // 'redis'
 */
export function placeOf(url: string): WakePlace {
  if (url.startsWith('pubsub:')) {
    const resource = url.slice('pubsub:'.length)
    if (!RESOURCE.test(resource)) throw refused()
    return { transport: 'pubsub', resource, location: url }
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const what = parsed === undefined ? undefined : SERVERS[parsed.protocol]
  if (parsed === undefined || what === undefined || parsed.hostname === '') throw refused()
  if (parsed.password !== '' || parsed.searchParams.has('password')) throw passwordInWake(what.transport)
  const { parameter, port } = what
  const name = parsed.searchParams.get(parameter) ?? ''
  if ([...parsed.searchParams.keys()].join() !== parameter || parsed.hash !== '') throw refused()
  const server = {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? port : Number(parsed.port),
    username: decoded(parsed.username),
    isTls: what.isTls,
    location: url,
  }
  if (what.transport === 'nats') {
    if (!SUBJECT.test(name) || !['', '/'].includes(parsed.pathname)) throw refused()
    return { transport: 'nats', subject: name, ...server }
  }
  const database = /^\/?(\d{0,4})$/.exec(parsed.pathname)?.[1]
  if (!STREAM.test(name) || database === undefined) throw refused()
  return { transport: 'redis', stream: name, database: Number(database), ...server }
}

const redis = { transport: 'redis', parameter: 'stream', port: 6379, isTls: false } as const
const nats = { transport: 'nats', parameter: 'subject', port: 4222, isTls: false } as const
const SERVERS: Readonly<
  Record<string, typeof redis | typeof nats | (Omit<typeof redis | typeof nats, 'isTls'> & { readonly isTls: true })>
> = {
  'redis:': redis,
  'rediss:': { ...redis, isTls: true },
  'nats:': nats,
  'tls:': { ...nats, isTls: true },
}

/** For a URL that others could read. */
export function passwordInWake(transport: 'redis' | 'nats'): ProvError {
  return new ProvError('usage', 'the URL of --wake holds a password, which others could read', {
    hint: `write the password into a file, and name that with --set wake.${transport}.password-file=FILE`,
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refused()
  }
}

function refused(): ProvError {
  return new ProvError('usage', `what wakes a worker is ${FORMS}`)
}
