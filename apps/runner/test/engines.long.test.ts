import { expect } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import { reported } from './vmm.ts'

needsGuest()

guestTest('Debian’s kernel boots while the oracle runs one slice of a thousand again', async () => {
  const { status, stderr, report } = await reported(['run', '--check', '1/1000', '--exec', 'uname -m'])
  expect([stderr, status]).toEqual(['', 0])
  expect(report.checkedSlices).toBeGreaterThan(1000)
})

guestTest('Debian’s kernel comes to the same in its first million instructions by the oracle', async () => {
  const limit = ['--max-instructions', '1000000', '--exec', 'true']
  const [oracle, cold] = [await reported(['run', '--engine', 'oracle', ...limit]), await reported(['run', ...limit])]
  expect([oracle.status, oracle.report.instructions]).toEqual([124, 1_000_000])
  expect(oracle.report.stateHash).toBe(cold.report.stateHash)
})

guestTest(
  'Debian’s kernel comes to the same in its first forty million instructions with every block compiled',
  async () => {
    const limit = ['--max-instructions', '40000000', '--exec', 'true']
    const [hot, cold] = [
      await reported(['run', '--jit-threshold', '0', ...limit]),
      await reported(['run', '--engine', 'cold', ...limit]),
    ]
    expect([hot.status, hot.report.stateHash]).toEqual([124, cold.report.stateHash])
  },
)

guestTest('Debian’s kernel boots to the same state whenever code is compiled', async () => {
  const command = ['--exec', 'uname -m']
  const cold = await reported(['run', '--engine', 'cold', ...command])
  for (const threshold of ['16', '1000']) {
    const hot = await reported(['run', '--jit-threshold', threshold, ...command])
    expect([threshold, hot.status, hot.report.stateHash]).toEqual([threshold, 0, cold.report.stateHash])
  }
})
