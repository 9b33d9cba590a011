import { expect, test } from 'vitest'
import { apm, cite, commit, kernelDoc, kernelSource, mail, probe, sdm, spec } from './source.ts'

test.each([
  [sdm('3A', '2.5', 'Control Registers'), 'SDM 3A §2.5 Control Registers'],
  [apm('2', '15.5', 'VMRUN Instruction'), 'APM 2 §15.5 VMRUN Instruction'],
  [kernelDoc('Documentation/virt/kvm/api.rst', '4.35'), 'Documentation/virt/kvm/api.rst §4.35'],
  [
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_check_cpuid', '6.12'),
    'arch/x86/kvm/cpuid.c kvm_check_cpuid (Linux 6.12)',
  ],
  [commit('0123456789ab', 'KVM: x86: A subject'), 'commit 0123456789ab (“KVM: x86: A subject”)'],
  [mail('20240101.1@example.org', 'A subject'), 'https://lore.kernel.org/r/20240101.1@example.org'],
  [probe('fxsave', 'AMD EPYC 7763'), 'probe fxsave, seen on AMD EPYC 7763'],
  [spec('IEEE 754-2019', '4.3'), 'IEEE 754-2019 §4.3'],
])('a source is a line that a person can follow: %o', (source, line) => {
  expect(cite(source)).toBe(line)
})

test('a source is plain data: it survives a copy', () => {
  const source = sdm('2A', '3.3', 'ADD—Add')
  expect(cite(JSON.parse(JSON.stringify(source)))).toBe(cite(source))
})
