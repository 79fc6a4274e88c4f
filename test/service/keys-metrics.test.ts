import { expect, it } from 'vitest'
import { setRegionGauges } from '../../src/service/keys-metrics.ts'
import type { RegionAge } from '../../src/trust/trust.ts'

const NOW = Date.parse('2026-01-01T01:00:00Z')

/** What the gauges show of these regions. */
function shownOf(regions: readonly RegionAge[]): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {}
  const set = (name: string, values: unknown): void => {
    shown[name] = values
  }
  setRegionGauges(regions, { set }, NOW)
  return shown
}

it('of several files of one region the newest counts, and the youngest active key of all regions', () => {
  const eu = { region: 'eu', issuedAt: '2026-01-01T00:00:00Z', activeSince: '2025-12-31T01:00:00Z' }
  const newer = { region: 'eu', issuedAt: '2026-01-01T00:59:00Z' }
  const us = { region: 'us', issuedAt: '2026-01-01T00:30:00Z', activeSince: '2026-01-01T00:50:00Z' }
  const ages = [
    { labels: { region: 'eu' }, value: 60 },
    { labels: { region: 'us' }, value: 1800 },
  ]
  for (const regions of [
    [eu, newer, us],
    [newer, eu, us],
  ]) {
    expect(shownOf(regions)).toEqual({
      prov_keys_age_seconds: ages,
      prov_keys_active_seconds: [{ labels: {}, value: 600 }],
    })
  }
})

it('a clock that is behind makes no age below 0; without an active key nothing is said of one', () => {
  expect(shownOf([{ region: 'eu', issuedAt: '2026-01-01T02:00:00Z' }])).toEqual({
    prov_keys_age_seconds: [{ labels: { region: 'eu' }, value: 0 }],
    prov_keys_active_seconds: [],
  })
})
