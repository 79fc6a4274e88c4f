/** The flags of `prov explain`, as they are parsed. */

export interface ExplainOptions {
  readonly json?: boolean
}
