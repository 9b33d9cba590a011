import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { mayRun, type RunRule, syncRegs } from './case.ts'

export const runSyncRegs: RunRule = rule({
  id: 'run-sync-regs',
  catalogue: 'run-order',
  says: 'registers that are not shared in kvm_run can be neither asked for nor changed there',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.12.117')],
  evidence: 'source',
  refuses: ({ validRegs, dirtyRegs }) => ((validRegs | dirtyRegs) & ~syncRegs) !== 0n,
  witness: { refused: { ...mayRun, dirtyRegs: 8n }, accepted: { ...mayRun, validRegs: 7n } },
})
