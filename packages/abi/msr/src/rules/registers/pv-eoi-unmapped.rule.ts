import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const around = { vm: { isMapped: () => false } }

export const pvEoiUnmapped = registerRule({
  id: 'pv-eoi-unmapped',
  catalogue: 'pvmsr-eoi',
  says: 'a paravirtual end of interrupt is told of where guest memory is',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/lapic.c', 'kvm_lapic_set_pv_eoi', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x4b56_4d04) && bitOf(call.data, 0) && !call.vm.isMapped(call.data & ~1n, 1),
  witness: { refused: hostWrites(0x4b56_4d04, 1n, around), accepted: hostWrites(0x4b56_4d04, 0n, around) },
})
