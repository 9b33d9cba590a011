import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    reporters: ['default', './tooling/vitest-config/totals.ts'],
    projects: globSync('{packages/*/*,apps/*,tooling/*,examples}').map((root) => ({
      extends: true,
      root,
      test: {
        name: basename(root),
        include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
        exclude: ['**/node_modules/**', '**/*.long.test.ts'],
        isolate: false,
        testTimeout: 600_000,
      },
    })),
    experimental: { viteModuleRunner: false },
    coverage: {
      provider: 'v8',
      include: ['packages/*/*/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'lcov'],
    },
  },
})
