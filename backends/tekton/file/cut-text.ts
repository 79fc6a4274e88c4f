/** A file's text in parts, where the runs' metadata stand in it, and what is to change there: the words of the files beside this one. */

/** The metadata of one run. */
export interface Spot {
  readonly uid: string
  /** Index of its text in `parts`. */
  readonly part: number
  /** From the top of the part to the metadata. */
  readonly path: readonly (string | number)[]
  readonly document: number
  readonly item?: number
}

export interface RunsText {
  readonly format: 'json' | 'yaml'
  /** Joined, they are the file. */
  readonly parts: readonly string[]
  readonly spots: readonly Spot[]
}

/** New values by name; undefined takes the annotation away. */
export type Changes = Readonly<Record<string, string | undefined>>
