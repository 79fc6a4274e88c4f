/** Where credentials come from: the AWS chain, but for what would only cost time. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ProvError } from '../../src/errors.ts'
import { NAME, type S3Settings } from './settings.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

type Env = Readonly<Record<string, string | undefined>>

/** Variables that make the chain look at something other than the machine's metadata service. */
const SOURCES = [
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONFIG_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
] as const

/**
 * The keys of the environment; undefined: the client's own chain decides (profiles, web identity, containers, metadata service). At an
 * endpoint of one's own without any of these the metadata service is not asked, which takes seconds: a provider that is `denied`.
 *
 * @example new S3Client({ credentials: credentialsFor(settings, context.env) })
 */
export function credentialsFor(
  { endpoint }: Pick<S3Settings, 'endpoint'>,
  env: Env,
): Credentials | (() => Promise<Credentials>) | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env
  if (accessKeyId && secretAccessKey && !env['AWS_PROFILE']) {
    return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) }
  }
  const home = join(env['HOME'] ?? homedir(), '.aws')
  const files = [join(home, 'credentials'), join(home, 'config')]
  if (endpoint === undefined || SOURCES.some((name) => env[name]) || files.some((file) => existsSync(file)))
    return undefined
  return async () => {
    throw new ProvError('denied', 'no credentials were found', {
      backend: NAME,
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
    })
  }
}
