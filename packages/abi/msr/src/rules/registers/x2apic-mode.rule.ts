import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const x2apicMode = registerRule({
  id: 'x2apic-mode',
  catalogue: 'mtrr-x2apic-range',
  says: "the registers of an x2APIC are there while the kernel's APIC is in x2APIC mode",
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/lapic.c', 'kvm_x2apic_msr_write', '6.12')],
  evidence: 'recorded',
  refuses: ({ index, vcpu }) => index >= 0x800 && index <= 0x8ff && vcpu.localApic !== 'x2apic',
  witness: { refused: hostReads(0x802), accepted: hostReads(0x802, 0n, { vcpu: { localApic: 'x2apic' } }) },
})
