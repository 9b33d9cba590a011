import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { brokenDemand } from '../../handled.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrOwnDemands = registerRule({
  id: 'msr-own-demands',
  catalogue: 'pat',
  says: "a register takes the values that its row tells of: memory types, all ones, addresses of the CPU's width",
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12'),
    kernelSource('arch/x86/kvm/mtrr.c', 'kvm_mtrr_valid', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => call.access === 'write' && brokenDemand(call) !== undefined,
  witness: { refused: hostWrites(0x250, 2n), accepted: hostWrites(0x250, 6n) },
})
