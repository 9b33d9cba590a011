import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { intercepts, type XenConfigRule, xenFlags } from './case.ts'

export const xenPages: XenConfigRule = rule({
  id: 'xen-pages',
  catalogue: 'ioctls-not-detailed',
  says: 'where hypercalls are intercepted, nobody gives pages of them',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hvm_config', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags, hasPages }) => (flags & xenFlags.interceptHcall) !== 0 && hasPages,
  witness: { refused: { ...intercepts, hasPages: true }, accepted: intercepts },
})
