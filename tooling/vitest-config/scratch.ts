import { join } from 'node:path'
import { scratch } from '@vmm/scratch'
import type { TestProject } from 'vitest/node'

const marker = 'VMM_TEST_SCRATCH'

/**
 * Gives a run of the tests a directory for temporary files of its own, which goes with all that tests and the programs they start
 * have left in it, however the run ends.
 */
export default function setup({ vitest }: TestProject): void {
  // every project of the run is set up
  if (process.env[marker] !== undefined) return
  const directory = scratch('test')
  for (const name of [marker, 'TMPDIR', 'TMP', 'TEMP']) process.env[name] = directory
  // every worker, and every program that a test starts, loads the same modules: what Node makes of each is made once.
  // Who counts what is covered counts less of what came from a cache
  if (!vitest.config.coverage.enabled) process.env['NODE_COMPILE_CACHE'] ??= join(directory, 'compiled')
}
