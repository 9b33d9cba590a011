import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'

/** The page through which guests call Hyper-V: on which processor, and whether Xen's hypercalls are KVM's, too. */
export interface HypercallPage {
  readonly driver: 'vmx' | 'svm' | 'software'
  readonly xen: boolean
}

const ret = 0xc3
/** VMMCALL and VMCALL. */
const calls = { svm: [0x0f, 0x01, 0xd9], vmx: [0x0f, 0x01, 0xc1], software: [0x0f, 0x01, 0xc1] } as const
/** OR EAX,80000000H: what Xen's calls never have there. */
const apartFromXen = [0x0d, 0x00, 0x00, 0x00, 0x80] as const

const edge = { absentIn: '5.10', presentIn: '6.1' } as const
const both: HypercallPage = { driver: 'svm', xen: true }

export const hypercallPage: Behaviour<HypercallPage, readonly number[]> = behaviour<HypercallPage, readonly number[]>({
  id: 'hyperv-hypercall-page',
  catalogue: 'hv-msrs',
  says: 'a page of hypercalls begins with the instruction of the host’s vendor and a return; the rest of it stays what it was',
  sources: [
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.12.117'),
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.1.192'),
    commit('79033bebf6fa', 'KVM: x86/xen: Fix coexistence of Xen and Hyper-V hypercalls'),
    probe('msr', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until(edge),
      does: ({ driver }) => [...calls[driver], ret],
      witness: { in: both, out: [0x0f, 0x01, 0xd9, 0xc3] },
    },
    {
      lifetime: since(edge),
      says: 'where Xen’s hypercalls are KVM’s too, bit 31 of EAX tells them apart',
      does: ({ driver, xen }) => [...(xen ? apartFromXen : []), ...calls[driver], ret],
      witness: { in: both, out: [0x0d, 0, 0, 0, 0x80, 0x0f, 0x01, 0xd9, 0xc3] },
    },
  ],
})
