import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const migrationControlUnhandled = registerRule({
  id: 'migration-control-unhandled',
  catalogue: 'pvmsr-migration-control',
  says: 'KVM leaves MSR_KVM_MIGRATION_CONTROL to user space: without an exit or a filter for it, there is none',
  lifetime: always,
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  refuses: ({ index }) => index === 0x4b56_4d08,
  witness: { refused: guestWrites(0x4b56_4d08, 1n), accepted: guestWrites(0x4b56_4d07, 1n) },
})
