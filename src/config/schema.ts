/** The JSON Schema of the configuration file, made from the table that validates it. Pure. */
import type { SettingRow } from '../backend/setting-row.ts'
import type { SettingsTable } from './table.ts'

/**
 * JSON Schema 2020-12 of prov's configuration file, keys written flat (`storage.oci.repository: …`).
 *
 * @example configSchema(table).properties['builder.id'] // { type: 'string', description: '…', default: '…' }
 */
export function configSchema(
  table: SettingsTable,
): { readonly properties: Readonly<Record<string, object>> } & Readonly<Record<string, unknown>> {
  const properties = Object.fromEntries(table.rows.map((row) => [row.key, propertyOf(row)]))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'configuration of prov',
    type: 'object',
    additionalProperties: false,
    properties,
  }
}

function propertyOf(row: SettingRow): object {
  return {
    ...valuesOf(row),
    description: row.meaning,
    ...(row.default === undefined ? {} : { default: row.default }),
    ...(row.secret === true ? { writeOnly: true } : {}),
  }
}

function valuesOf(row: SettingRow): object {
  switch (row.type) {
    case 'string':
      return { type: 'string' }
    case 'bool':
      return {
        type: ['boolean', 'string'],
        enum: [true, false, 'true', 'false', '1', '0', 't', 'f', 'T', 'F', 'TRUE', 'FALSE', 'True', 'False'],
      }
    case 'enum':
      return row.lenient === true ? { type: 'string', examples: row.allowed } : { type: 'string', enum: row.allowed }
    case 'backends':
    case 'list': {
      const item = row.allowed === undefined ? '[^,]+' : `(?:${row.allowed.join('|')})`
      return { type: 'string', pattern: `^(?:\\s*${item}\\s*(?:,\\s*${item}\\s*)*)?$` }
    }
    case 'number':
      return { type: ['integer', 'string'], pattern: '^[0-9]{1,15}$', minimum: row.range?.[0], maximum: row.range?.[1] }
    case 'duration':
      return { type: ['string', 'number'], pattern: '^[0-9]+(?:\\.[0-9]+)?(?:ms|s|m|h|d)?$' }
  }
}
