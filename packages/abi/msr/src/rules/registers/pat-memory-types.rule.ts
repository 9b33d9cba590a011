import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { brokenDemand } from '../../handled.ts'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const patMemoryTypes = registerRule({
  id: 'pat-memory-types',
  catalogue: 'pat',
  says: 'IA32_PAT holds eight memory types: UC, WC, WT, WP, WB or UC-',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  refuses: (call) => isWriteOf(call, 0x277) && brokenDemand(call) !== undefined,
  witness: { refused: hostWrites(0x277, 2n), accepted: hostWrites(0x277, 7n) },
})
