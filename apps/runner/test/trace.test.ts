import { readFileSync } from 'node:fs'
import { eax, ecx, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { debugExit, file, kernelFile } from './kernels.ts'
import { reported, vmm } from './vmm.ts'

const image = kernelFile('traced', (a) => {
  a.xor(eax, eax).xor(ecx, ecx).cpuid()
  a.mov(ecx, 0x1b).rdmsr()
  a.mov(eax, mem32(0xfee0_0030))
  debugExit(a, 3)
})

const exits = ['CPUID', 'MSR_READ', 'EPT_MISCONFIG', 'IO_INSTRUCTION']

test('--trace exits tells every exit with its reason and what it was about, and the entry before it', async () => {
  const path = file('trace', 'old')
  const { status, stderr } = await vmm(['run', image, '--trace', `exits=${path}`])
  expect([status, stderr.split('\n')]).toEqual([7, [expect.stringMatching(/^vmm: debug exit 3 after/), '']])
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  for (const line of lines) expect(line).toMatch(/^ {3}0\.00000\d{4}: kvm_\w+: /)
  const names = lines.map((line) => /: (\w+):/.exec(line)![1])
  const about = ['kvm_cpuid', 'kvm_msr', 'kvm_mmio', 'kvm_pio']
  const told = about.flatMap((name) => ['kvm_entry', 'kvm_exit', name])
  // nobody enters a guest again that has ended its run
  expect(names).toEqual(told)
  const reasons = lines.flatMap((line) => /kvm_exit: vcpu 0 reason (\w+) rip/.exec(line)?.[1] ?? [])
  expect(reasons.slice(0, 4)).toEqual(exits)
  const [exit, , entry] = lines
    .slice(1, 4)
    .map((line) => Number.parseInt(/rip (0x[0-9a-f]+)/.exec(line)?.[1] ?? '0', 16))
  expect(entry! - exit!).toBe(2)
})

test('without a file it goes to stderr, and only the kinds that were asked for', async () => {
  const { stderr } = await vmm(['run', image, '--trace', 'msr,pio'])
  expect(stderr.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/^ {3}0\.\d{9}: kvm_msr: msr_read 1b = 0xfee00900$/),
    expect.stringMatching(/^ {3}0\.\d{9}: kvm_pio: pio_write at 0xf4 size 1 count 1 val 0x3 $/),
  ])
})

test('a trace changes nothing, and the report counts exits with and without one', async () => {
  const plain = await reported(['run', image])
  const traced = await reported(['run', image, '--trace', `exits=${file('another', '')}`])
  expect(traced.report.stateHash).toBe(plain.report.stateHash)
  expect(traced.report.exits).toEqual(plain.report.exits)
  expect(plain.report.exits).toMatchObject({
    'L1 to L0': { CPUID: 1, MSR_READ: 1, EPT_MISCONFIG: 1, IO_INSTRUCTION: 1 },
  })
})
