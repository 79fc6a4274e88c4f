import { defineConfig } from 'vitest/config'

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  define: { PROV_VERSION: '"0.0.0"' },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
    testTimeout: 20_000,
    bail: 1,
    reporters: ['dot'],
    env: { NO_COLOR: '1', DOCKER_CONFIG: '/nonexistent' },
  },
})
