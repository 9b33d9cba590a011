import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, guestHas, isWriteOf } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const apicBaseReserved = registerRule({
  id: 'apic-base-reserved',
  catalogue: 'apic-base',
  says: 'IA32_APIC_BASE has the bits of an address, EN, BSP and, with X2APIC, EXTD',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/lapic.c', 'kvm_apic_set_base', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isWriteOf(call, 0x1b) && ((call.data & 0x2ffn) !== 0n || (bitOf(call.data, 10) && !guestHas(call, 'X2APIC'))),
  witness: {
    refused: hostWrites(0x1b, 0xfee0_0c00n),
    accepted: hostWrites(0x1b, 0xfee0_0c00n, { vcpu: having('X2APIC') }),
  },
})
