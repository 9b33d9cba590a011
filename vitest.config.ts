import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const scratch = fileURLToPath(new URL('./tooling/vitest-config/scratch.ts', import.meta.url))

// `vitest run` is what CI runs; `vitest run --mode long` runs `*.long.test.ts` too.
export default defineConfig(({ mode }) => ({
  test: {
    // one less is the default: half of a small computer
    maxWorkers: '100%',
    reporters: ['default', './tooling/vitest-config/totals.ts'],
    projects: globSync('{packages/*/*,apps/*,tooling/*,examples}').map((root) => ({
      extends: true,
      root,
      test: {
        name: basename(root),
        include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
        exclude: ['**/node_modules/**', ...(mode === 'long' ? [] : ['**/*.long.test.ts'])],
        globalSetup: scratch,
        isolate: false,
        testTimeout: 600_000,
        hookTimeout: 600_000,
      },
    })),
    experimental: { viteModuleRunner: false },
    coverage: {
      provider: 'v8',
      include: ['packages/*/*/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'lcov'],
    },
  },
}))
