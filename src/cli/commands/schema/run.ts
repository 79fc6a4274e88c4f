/** The work of `prov schema`. */

import { type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { SCHEMAS, type SchemaName, type SchemaRow } from '../../../report/schemas/index.ts'
import { show } from '../../terminal.ts'

/** Prints one schema, or without a name one line for each. */
export async function runOutputSchema(name: SchemaName | undefined, io: Io): Promise<void> {
  if (name !== undefined) {
    const { schema } = await SCHEMAS[name].load()
    await write(io.stdout, jsonText(schema))
    return
  }
  const rows: readonly [string, SchemaRow][] = Object.entries(SCHEMAS)
  const width = Math.max(...rows.map(([each]) => each.length))
  await show(
    io,
    rows.map(([each, { summary }]) => `${each.padEnd(width)}  ${summary}`),
  )
}
