import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { takesXenResult, type XenCall } from '../../xen.ts'

/** KVM_EXIT_XEN of type HCALL, as `kvm_run.xen.u.hcall` has it; `result` is left as it was. */
export interface XenExitRecord {
  readonly longmode: 0 | 1
  readonly cpl: number
  readonly input: bigint
  readonly params: readonly bigint[]
}

/** What the next KVM_RUN finds: where the vCPU was, where it is now, and the result. */
export interface AnsweredXenCall {
  readonly asked: { readonly linearRip: bigint }
  readonly now: { readonly linearRip: bigint }
  /** All 64 bits of it count, whatever the mode. */
  readonly result: bigint
}

const call: XenCall = { number: 17n, params: [0n, 1n, 2n, 3n, 4n, 5n], width: 64, cpl: 3 }
const moved = { asked: { linearRip: 0x1000n }, now: { linearRip: 0x2000n }, result: 1n } as const

/** The exit. */
export const xenExit: Behaviour<XenCall, XenExitRecord> = behaviour<XenCall, XenExitRecord>({
  id: 'xen-hc-exit',
  catalogue: 'xen-hc-exit',
  says: 'a call of Xen’s that KVM does not answer comes to user space as it is, with the privilege of who made it',
  sources: [kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hypercall', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ number, params, width, cpl }) => ({ longmode: width === 64 ? 1 : 0, cpl, input: number, params }),
      witness: { in: call, out: { longmode: 1, cpl: 3, input: 17n, params: [0n, 1n, 2n, 3n, 4n, 5n] } },
    },
  ],
})

/** What RAX gets, with RIP moved on; nothing where user space has sent the vCPU elsewhere. */
export const xenComplete: Behaviour<AnsweredXenCall, bigint | undefined> = behaviour<
  AnsweredXenCall,
  bigint | undefined
>({
  id: 'xen-hc-complete',
  catalogue: 'xen-hc-exit',
  says: 'the result goes to RAX only where the vCPU is still at its call',
  sources: [
    kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hypercall_complete_userspace', '6.12.117'),
    kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hypercall_set_result', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ asked, now, result }) => (takesXenResult(asked, now) ? BigInt.asUintN(64, result) : undefined),
      witness: { in: moved, out: undefined },
    },
  ],
})
