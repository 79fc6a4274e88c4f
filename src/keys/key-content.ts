/** What the readers of odd key forms are given, and what they answer. */

export type Role = 'private' | 'public'

export interface OddForm {
  /** As the end of a sentence that begins with the key's name: `is an OpenSSH private key`. */
  readonly what: string
  /** Which half it is, where that is known. */
  readonly role?: Role
  /** The key itself is sound, prov just does not read this form of it. */
  readonly sound: boolean
  /** What to do to get the half that is wanted; undefined when it cannot be had from this one. */
  readonly remedy: (wanted: Role) => string | undefined
}

/** The content of a key file, and what to call the file in a command. */
export interface KeyContent {
  readonly bytes: Buffer
  /** A path that needs no quotes in a shell; else `KEY`. */
  readonly file: string
  /** Name of the variable, for `env://NAME`. */
  readonly variable?: string
}
