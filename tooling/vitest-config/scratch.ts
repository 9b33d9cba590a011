import { scratch } from '@vmm/scratch'

const marker = 'VMM_TEST_SCRATCH'

/**
 * Gives a run of the tests a directory for temporary files of its own, which goes with all that tests and the programs they start
 * have left in it, however the run ends.
 */
export default function setup(): void {
  // every project of the run is set up
  if (process.env[marker] !== undefined) return
  const directory = scratch('test')
  for (const name of [marker, 'TMPDIR', 'TMP', 'TEMP']) process.env[name] = directory
}
