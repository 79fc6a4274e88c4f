/** The work of `prov explain`. */

import { type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { explainable, explained, explainLines } from '../../../report/explain/explain.ts'
import { show } from '../../terminal.ts'
import type { ExplainOptions } from './flags.ts'

/** Prints one explanation, or the list of all. Throws `usage` for an unknown name. */
export async function runExplain(name: string | undefined, { json }: ExplainOptions, io: Io): Promise<void> {
  const found = name === undefined ? explainable() : [explained(name)]
  if (json === true) {
    await write(io.stdout, jsonText({ explained: found }))
    return
  }
  const list = found.map((one) => `${one.name.padEnd(20)} ${one.meaning}`)
  await show(io, name === undefined ? list : found.flatMap(explainLines))
}
