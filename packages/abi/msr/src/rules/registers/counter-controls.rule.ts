import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const ones = (count: number): bigint => (1n << BigInt(count)) - 1n

function fits({ index, data, vcpu }: MsrCall): boolean {
  const { generalCounters = 0, fixedCounters = 0 } = vcpu.perfmon ?? {}
  const counters = ones(generalCounters) | (ones(fixedCounters) << 32n)
  if (index === 0x38f) return (data & ~counters) === 0n
  // BUFFER_OVF and COND_CHGD come with every PMU of version 2.
  if (index === 0x38e || index === 0x390) return (data & ~(counters | (3n << 62n))) === 0n
  return index !== 0x38d || data >> BigInt(4 * fixedCounters) === 0n
}

const around = { vcpu: { perfmon: { version: 2, generalCounters: 4, fixedCounters: 3 } } }

export const counterControls = registerRule({
  id: 'counter-controls',
  catalogue: 'kvm-pmu',
  says: 'the controls of the counters take bits of the counters that there are',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/vmx/pmu_intel.c', 'intel_pmu_set_msr', '6.12'),
    kernelSource('arch/x86/kvm/pmu.c', 'kvm_pmu_set_msr', '6.12'),
  ],
  refuses: (call) => call.access === 'write' && !fits(call),
  witness: { refused: hostWrites(0x38f, 0x10n, around), accepted: hostWrites(0x38f, 0xfn, around) },
})
