/** The row of `storage.<backend>.timeout`. */
import type { OwnSetting } from '../../src/backend/row.ts'

/**
 * @param whose as the sentence ends, `the same for … alone`: it stands behind `storage.timeout` in the reference
 *
 * @example ownTimeout('s3').fallback // 'storage.timeout'
 */
export function ownTimeout(whose: string): OwnSetting {
  return {
    type: 'duration',
    range: [1, 3_600_000],
    fallback: 'storage.timeout',
    meaning: `the same for ${whose} alone`,
  }
}
