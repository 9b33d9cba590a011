import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { intercepts, type XenConfigRule, xenFlags } from './case.ts'

export const xenFlagsKnown: XenConfigRule = rule({
  id: 'xen-flags',
  catalogue: 'ioctls-not-detailed',
  says: 'hypercalls may be intercepted, events sent, and the clock told to be unstable',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hvm_config', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags }) => (flags & ~(xenFlags.interceptHcall | xenFlags.evtchnSend | xenFlags.tscUnstable)) !== 0,
  witness: { refused: { ...intercepts, flags: 1 }, accepted: intercepts },
})
