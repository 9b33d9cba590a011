import { eax, ecx, edx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { GuestVm } from '../src/guest-vm.ts'
import { releaseNamed } from '../src/kvm-release.ts'
import { processorNamed } from '../src/processor.ts'
import { UsageError } from '../src/usage-error.ts'
import { debugExit, kernelFile } from './kernels.ts'
import { reported, vmm } from './vmm.ts'

/** Ends with 3 where REP MOVSB is told to be fast when short, and with 5 where it is not: KVM reports that since 5.5. */
const fastShort = kernelFile('fast-short', (a) => {
  a.mov(eax, 7).xor(ecx, ecx).cpuid().test(edx, 0x10).jz('not told')
  debugExit(a, 1)
  a.label('not told')
  debugExit(a, 2)
})

/** Reads a register that KVM has since 5.8, of pages that are not ready, and ends with 3; where there is none, in a triple fault. */
const asynchronousPages = kernelFile('asynchronous-pages', (a) => {
  a.mov(ecx, 0x4b56_4d06).rdmsr()
  debugExit(a, 1)
})

describe('vmm run --kvm', () => {
  test.each([
    ['5.4', 120],
    ['5.10', 3],
    ['6.12', 3],
  ])('%s has the registers of that release', async (release, status) => {
    expect((await vmm(['run', asynchronousPages, '--kvm', release])).status).toBe(status)
  })

  test.each([
    ['5.4', [], 5],
    ['5.4', ['--cpu', 'default,+FSRM'], 3],
    ['5.10', [], 3],
    ['6.12', [], 3],
    ['7.0', [], 3],
  ])('%s %j shows a guest what that release supports', async (release, more, status) => {
    expect((await vmm(['run', fastShort, '--kvm', release, ...more])).status).toBe(status)
  })

  test('is told by the report, and so is the usual release', async () => {
    const kernels = await Promise.all(
      [['--kvm', '5.16.3'], []].map(async (more) => (await reported(['run', fastShort, ...more])).report.kvm),
    )
    expect(kernels).toEqual(['5.16.3', '6.12.117'])
  })

  test('with what is no release is one line and 2', async () => {
    const { status, stdout, stderr } = await vmm(['run', '--kvm', 'newest'])
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^vmm: --kvm: "newest" is not [^\n]+\n$/)])
  })
})

test('a table that the release refuses is one line that names the call and the rule', () => {
  const cpuid = processorNamed('default').entries.map((entry) =>
    entry.function === 0x8000_0008 ? { ...entry, eax: 0x352e } : entry,
  )
  const make = () =>
    new GuestVm({
      kernel: releaseNamed('5.10'),
      memorySize: 16 << 20,
      cpuid,
      cpus: 1,
      createClock: (retired) => ({ now: retired, wait: () => false }),
      startedAt: 0n,
      watching: {},
      ports: { first: 0, count: 0, read: () => 0, write: () => {} },
    })
  expect(make).toThrow(UsageError)
  expect(make).toThrow(/^KVM_SET_CPUID2: EINVAL: [^\n]+ \(set-cpuid-[a-z-]+, [^\n]+\)$/)
})
