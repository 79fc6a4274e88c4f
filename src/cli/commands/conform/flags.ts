/** The flags of `prov conform`, as they are parsed. */
export interface ConformOptions {
  readonly set: readonly string[]
  readonly only?: string
  readonly timeout: number
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}
