import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, guestHas, isWriteOf, valueIn } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const miscEnableMwait = registerRule({
  id: 'misc-enable-mwait',
  catalogue: 'misc-enable',
  says: 'where IA32_MISC_ENABLE.MWAIT changes CPUID, only a CPU with SSE3 may change it',
  lifetime: since('5.3'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  errata: ['it was told to begin in 5.2, a release before the quirk that it asks about'],
  refuses: (call) =>
    isWriteOf(call, 0x1a0) &&
    !call.vm.quirkMiscEnableNoMwait &&
    bitOf(call.data ^ valueIn(call), 18) &&
    !guestHas(call, 'SSE3'),
  witness: {
    refused: hostWrites(0x1a0, 0n, { vm: { quirkMiscEnableNoMwait: false } }),
    accepted: hostWrites(0x1a0, 0n),
  },
})
