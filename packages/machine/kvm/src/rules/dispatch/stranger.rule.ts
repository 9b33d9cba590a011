import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type DispatchRule, versionAsked } from './case.ts'

const onVm = { ...versionAsked, fd: 'vm' } as const

/** A child that was forked with the descriptor open, for one. /dev/kvm itself answers everybody. */
export const stranger: DispatchRule = rule({
  id: 'fd-mm-check',
  catalogue: 'fd-mm-check',
  says: 'a VM, and what belongs to it, answers only callers in the address space of who made it',
  lifetime: always,
  errno: 'EIO',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.12.117'), askedDispatch],
  evidence: 'recorded',
  refuses: ({ fd, caller }) => fd !== 'system' && caller === 'stranger',
  witness: { refused: { ...onVm, caller: 'stranger' }, accepted: { ...versionAsked, caller: 'stranger' } },
})
