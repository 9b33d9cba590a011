import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { askedVcpus } from '../where-recorded.ts'
import { type CreateVcpuCase, firstVcpu } from './case.ts'

const ofFiveBytes = { ...firstVcpu, id: 0x1_0000_0001n }

/** The second of two vCPUs is refused as a double where its id was cut. */
export const idCut = behaviour<CreateVcpuCase, CreateVcpuCase>({
  id: 'vcpu-create-id-cut',
  catalogue: 'vcpu-create',
  says: 'all bits of an id count',
  sources: [
    commit('8b8e57e5096e', 'KVM: Reject overly excessive IDs in KVM_CREATE_VCPU'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_create_vcpu', '6.12.117'),
    askedVcpus,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.11'),
      says: 'the lower 32 bits of an id count',
      does: (call) => ({ ...call, id: BigInt.asUintN(32, call.id) }),
      witness: { in: ofFiveBytes, out: { ...firstVcpu, id: 1n } },
    },
    { lifetime: since('6.11'), does: (call) => call, witness: { in: ofFiveBytes, out: ofFiveBytes } },
  ],
})
