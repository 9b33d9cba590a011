import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite, valueIn } from '../../kvm-call.ts'
import { guestWrites, having, holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const modeOf = (value: bigint): bigint => (value >> 10n) & 3n
const disabled = 0n
const xapic = 2n
const x2apic = 3n

const isForbidden = (from: bigint, to: bigint): boolean =>
  (from === x2apic && to === xapic) || (from === disabled && to === x2apic)

const around = { vcpu: { ...having('X2APIC'), ...holding([0x1b, 0xfee0_0c00n]) } }

export const apicBaseTransition = registerRule({
  id: 'apic-base-transition',
  catalogue: 'apic-base',
  says: 'a guest leaves x2APIC mode only by way of the APIC disabled, and comes to it only by way of xAPIC mode',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/lapic.c', 'kvm_apic_set_base', '6.12')],
  refuses: (call) => isGuestWrite(call) && call.index === 0x1b && isForbidden(modeOf(valueIn(call)), modeOf(call.data)),
  witness: { refused: guestWrites(0x1b, 0xfee0_0800n, around), accepted: hostWrites(0x1b, 0xfee0_0800n, around) },
})
