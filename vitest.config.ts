import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  define: { PROV_VERSION: JSON.stringify(version), PROV_COMMIT: '"unknown"' },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/servers/setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    // The tests talk to loopback only, and must not see the settings of whoever runs them.
    env: { NO_COLOR: '1', DOCKER_CONFIG: '/nonexistent' },
  },
})
