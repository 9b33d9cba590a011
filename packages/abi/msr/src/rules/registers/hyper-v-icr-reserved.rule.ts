import { since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

/** Bits 31:20, 17:16 and 13. */
const reserved = 0xfff3_2000n

export const hyperVIcrReserved = registerRule({
  id: 'hyper-v-icr-reserved',
  catalogue: 'hv-msrs',
  says: 'HV_X64_MSR_ICR refuses the reserved bits of the x2APIC’s ICR',
  lifetime: since('6.12', { '6.1': '6.1.113', '5.10': 'unread', '5.15': 'unread', '6.6': 'unread', '6.11': 'unread' }),
  errno: 'invalid',
  sources: [commit('71bf395a276f', "KVM: x86: Enforce x2APIC's must-be-zero reserved ICR bits")],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x4000_0071) && (call.data & reserved) !== 0n,
  witness: { refused: hostWrites(0x4000_0071, 0x100_0000n), accepted: hostWrites(0x4000_0071, 0x4_0000n) },
})
