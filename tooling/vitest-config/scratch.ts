import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const marker = 'VMM_TEST_SCRATCH'

/**
 * Gives a run of the tests a directory for temporary files of its own, which goes with all that tests and the programs they start
 * have left in it, however the run ends.
 */
export default function setup(): void {
  // every project of the run is set up
  if (process.env[marker] !== undefined) return
  const directory = mkdtempSync(join(tmpdir(), 'vmm-test-'))
  for (const name of [marker, 'TMPDIR', 'TMP', 'TEMP']) process.env[name] = directory
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.once(signal, () => process.exit(status))
}
