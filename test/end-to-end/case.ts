/** One way in which copies can be unlike, and what has to be said of it. */
import type { Stage } from '../support/stage.ts'

/** `BACKEND KIND` → mark and code; what is not named is `=`. */
export type Odd = Readonly<Record<string, string>>

export interface Case {
  readonly what: string
  readonly harm: (stage: Stage) => void | Promise<void>
  readonly odd?: Odd
  readonly strangers?: readonly string[]
  readonly exit: number
  readonly args?: readonly string[] | ((stage: Stage) => readonly string[])
  /** Also among the findings, beside the codes of the rows. */
  readonly finding?: string
  /** True: one more `store` makes all `=` again, with the same signatures. */
  readonly heals?: true
}

export const PLACES = ['oci dsse', 'oci raw', 'tekton dsse', 'tekton raw'] as const

export function expectedLines({ odd = {}, strangers = [] }: Case): readonly string[] {
  return [...PLACES.map((place) => `${place} ${odd[place] ?? '='}`), ...strangers].sort()
}
