import { behaviour, type Edge, since, until } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { derived } from './derive.ts'

const configurable = mail(
  '20200903141122.72908-1-mgamal@redhat.com',
  'KVM: x86: VMX: Make smaller physical guest address space support user-configurable',
)

/** What the thread considered instead of the parameter, for guests that are to migrate: nothing but #PF of reserved bits is looked at. */
const considered = mail('ZC4qF90l77m3X1Ir@google.com', 'Re: [PATCH 0/3] KVM: x86: SGX vs. XCR0 cleanups')

/** 5.9 began with it on for everybody, and the parameter was queued before its end: nobody has read which it has. */
const parameter: Edge = { absentIn: '5.8', presentIn: '5.10' }

const narrow = aCall({
  host: { ...aCall().host, tdp: true, physicalAddressWidth: 52, smallerMaxPhyAddr: true },
  derived: { ...aCall().derived, maxPhyAddr: 46 },
})

const wide = aCall({
  host: { ...aCall().host, tdp: true, physicalAddressWidth: 46 },
  derived: { ...aCall().derived, maxPhyAddr: 52 },
})

/** Two-dimensional paging leaves walks of the guest's tables to the processor, which knows its own width alone. */
function byHardware({ host, derived: { maxPhyAddr } }: SetCpuidCall): number {
  return host.tdp ? host.physicalAddressWidth : maxPhyAddr
}

/** By whose width the bits of a guest's page tables are reserved; not that of the guest if nobody looks at its faults. */
export const maxphyaddrWalked = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'maxphyaddr-walked',
  catalogue: 'maxphyaddr-query',
  says: "in a guest's page tables, bits are reserved that the host's addresses do not have: two-dimensional paging goes by no other",
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.h', 'vmx_need_pf_intercept', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: until(parameter),
      does: (call) => derived(call, { walkedWidth: byHardware(call) }),
      witness: { in: narrow, out: derived(narrow, { walkedWidth: 52 }) },
    },
    {
      lifetime: since(parameter),
      says: 'a parameter of kvm_intel makes that the bits that the guest does not have, if it has fewer',
      sources: [configurable, kernelSource('arch/x86/kvm/vmx/vmx.c', 'handle_exception_nmi', '6.12')],
      does: (call) => {
        const { host, derived: before } = call
        const watched = host.smallerMaxPhyAddr && before.maxPhyAddr < host.physicalAddressWidth
        return derived(call, { walkedWidth: watched ? before.maxPhyAddr : byHardware(call) })
      },
      witness: { in: narrow, out: derived(narrow, { walkedWidth: 46 }) },
    },
    {
      lifetime: { proposal: 'ask-wide-maxphyaddr', proposed: considered, on: '6.3' },
      says: 'bits that the guest has and the host lacks are not reserved: such an access is emulated, as one of a device',
      sources: [considered],
      does: (call) => derived(call, { walkedWidth: Math.max(byHardware(call), call.derived.maxPhyAddr) }),
      witness: { in: wide, out: derived(wide, { walkedWidth: 52 }) },
    },
  ],
})
