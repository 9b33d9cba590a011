import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { intercepts, type XenConfigRule, xenFlags } from './case.ts'

export const xenFlagsBeforeClock: XenConfigRule = rule({
  id: 'xen-flags-before-clock',
  catalogue: 'ioctls-not-detailed',
  says: 'hypercalls may be intercepted, and events sent',
  lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hvm_config', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags }) => (flags & ~(xenFlags.interceptHcall | xenFlags.evtchnSend)) !== 0,
  witness: { refused: { ...intercepts, flags: xenFlags.tscUnstable }, accepted: intercepts },
})
