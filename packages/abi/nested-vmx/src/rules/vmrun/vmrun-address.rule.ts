import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestAddress } from '../../checks/vmcb-check.ts'
import type { Vmrun, VmrunFailure } from './call.ts'
import { aVmrun } from './witness.ts'

export const vmrunAddress = rule<Vmrun, VmrunFailure>({
  id: 'vmrun-address',
  catalogue: 'svm-vmrun-checks',
  says: 'the VMCB lies on a page that the guest can have',
  lifetime: always,
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'gp_interception', '6.12.117')],
  evidence: 'source',
  refuses: ({ vmcb, entry }) => (vmcb & 0xfffn) !== 0n || !isGuestAddress(entry, vmcb),
  witness: { refused: aVmrun({ vmcb: 0x3001n }), accepted: aVmrun() },
})
