/** What is known of one configuration key. */

export type SettingType =
  /** Any text; the empty one is the same as unset. */
  | 'string'
  /** What Go's strconv.ParseBool reads; anything else is ignored, with a warning. */
  | 'bool'
  /** Exactly one of the allowed values. */
  | 'enum'
  /** Backends separated by commas; the empty text disables storing. */
  | 'backends'
  /** Anything separated by commas. */
  | 'list'
  /** A whole number. */
  | 'number'
  /** `500ms`, `30s`, `2m`, `12h`, `90d`; a bare number means seconds. */
  | 'duration'

export interface SettingRow {
  readonly type: SettingType
  /** The value when it is not set; absent: there is none. */
  readonly default?: string
  /** For `enum` and `backends`: the values. */
  readonly allowed?: readonly string[]
  /** Chains turns the feature off for any other value, without a word: so it is a warning here, not an error. */
  readonly lenient?: true
  /** For `number` and `duration` (milliseconds). */
  readonly range?: readonly [number, number]
  /** The key whose value counts while this one is unset. */
  readonly fallback?: string
  /** Never shown, and not taken from the command line. */
  readonly secret?: true
  /** Accepted, but not supported by this version: every value, or those named. */
  readonly later?: 'every value' | readonly string[]
  /** What to do instead of using a value that this version does not support. */
  readonly instead?: string
  /** What puts it to use: a backend's name, `signer` (no --key given), `store`, or `format`. */
  readonly usedBy: string
  /** Values that something else puts to use: `upload`, a run whose annotation asks for a log entry. */
  readonly valuesUsedBy?: Readonly<Record<string, string>>
  /** One line for the docs. */
  readonly meaning: string
}
