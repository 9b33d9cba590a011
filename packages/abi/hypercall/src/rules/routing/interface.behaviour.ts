import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** Whose hypercalls a call is one of. */
export type HypercallInterface = 'kvm' | 'hyper-v' | 'xen'

/** What decides that, at each call. */
export interface RoutingCase {
  /** Whether the VM's Xen configuration intercepts hypercalls: KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL. */
  readonly xen: 'intercepts' | 'off'
  /** Whether the guest's CPUID announces Hyper-V's interface (`Hv#1`). */
  readonly hyperV: 'announced' | 'off'
  /** HV_X64_MSR_GUEST_OS_ID: until the guest has said who it is, it has no Hyper-V calls. */
  readonly guestOsId: bigint
  readonly rax: bigint
}

/** The bit of EAX that tells Hyper-V's calls from Xen's where there are both. */
const hyperVCallBit = 0x8000_0000n

const both: RoutingCase = { xen: 'intercepts', hyperV: 'announced', guestOsId: 1n, rax: 0x8000_0000n }

/** Which interface answers a VMCALL or VMMCALL. */
export const hypercallInterface: Behaviour<RoutingCase, HypercallInterface> = behaviour<
  RoutingCase,
  HypercallInterface
>({
  id: 'hc-routing',
  catalogue: 'hc-routing',
  says: "Xen's interface goes before Hyper-V's, and Hyper-V's before KVM's own",
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.12.117'),
    kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hypercall', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ xen, hyperV, guestOsId, rax }) => {
        const speaksHyperV = hyperV === 'announced' && guestOsId !== 0n
        if (xen === 'intercepts') return speaksHyperV && (rax & hyperVCallBit) !== 0n ? 'hyper-v' : 'xen'
        return speaksHyperV ? 'hyper-v' : 'kvm'
      },
      witness: { in: both, out: 'hyper-v' },
    },
  ],
})
