/** Settings that are known, but that this version does not support: refused only when a command would use them. Pure. */
import { ProvError } from '../errors.ts'
import type { Settings } from './settings.ts'

/**
 * Throws `not_supported`, naming each, when a value that this version lacks would be used by one of `uses`: `signer` (the
 * key comes from the configuration, not from --key), `store`, `format`, `upload` (a run asks for a log entry), or the name of a backend.
 *
 * @example refuseUnsupported(settings, ['store', 'tekton', 'oci']) // throws when transparency.enabled is true
 */
export function refuseUnsupported(settings: Settings, uses: readonly string[]): void {
  const found = settings.table.rows.filter(({ key, later, usedBy, valuesUsedBy }) => {
    const value = settings.get(key)
    if (later === undefined || value === undefined || settings.origin(key) === 'default') return false
    return uses.includes(valuesUsedBy?.[value] ?? usedBy) && (later === 'every value' || later.includes(value))
  })
  if (found.length === 0) return
  const named = found.map(({ key, secret }) => (secret ? key : `${key}=${settings.get(key)}`))
  throw new ProvError('not_supported', `this version of prov does not have ${named.join(', ')} yet`, {
    hint: 'unset it, or set another value with --set',
  })
}

/** A setting whose value this version does not support. */
export interface Unsupported {
  readonly key: string
  /** undefined for a secret. */
  readonly value: string | undefined
  readonly instead: string
  /** Nothing that is switched on asks for it, so that no command refuses it. */
  readonly idle: boolean
}

/** What puts a value to use only while another setting switches it on. */
const SWITCHES: Readonly<Record<string, (settings: Settings) => boolean>> = {
  log: (settings) => settings.get('transparency.enabled') !== 'false',
  fulcio: (settings) => settings.get('signers.x509.fulcio.enabled') === 'true',
  cluster: () => false,
}

/**
 * Every such setting, with what to do instead, whichever command would use it.
 *
 * @example unsupported(settings).map(({ key }) => key) // ['transparency.enabled']
 */
export function unsupported(settings: Settings): readonly Unsupported[] {
  return settings.table.rows.flatMap(({ key, later, instead = 'unset it', usedBy, secret, default: usual }) => {
    const value = settings.get(key)
    if (later === undefined || value === undefined || settings.origin(key) === 'default' || value === usual) return []
    if (later !== 'every value' && !later.includes(value)) return []
    const idle = SWITCHES[usedBy]?.(settings) === false
    return [{ key, value: secret === true ? undefined : value, instead, idle }]
  })
}
