/** Every configuration key: the general ones, and those of every backend. */
import { BACKENDS } from '../../backends/index.ts'
import { settingsTableOf } from '../config/table.ts'

export const SETTINGS_TABLE = settingsTableOf(BACKENDS)

export type SettingKey = (typeof SETTINGS_TABLE)['rows'][number]['key']
