import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type DispatchRule, versionAsked } from './case.ts'

/** KVM_TRACE_ENABLE, KVM_TRACE_PAUSE and KVM_TRACE_DISABLE. */
const tracing: readonly number[] = [0x4008_ae06, 0xae07, 0xae08]

/** The numbers outlived by fifteen years what they stood for. */
export const tracingGone: DispatchRule = rule({
  id: 'fd-tracing-gone',
  catalogue: 'fd-type-check',
  says: '/dev/kvm remembers that it once had calls for tracing',
  lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EOPNOTSUPP',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_dev_ioctl', '6.1.192'), askedDispatch],
  evidence: 'recorded',
  refuses: ({ fd, request }) => fd === 'system' && tracing.includes(request),
  witness: {
    refused: { ...versionAsked, request: 0xae07 },
    accepted: { ...versionAsked, fd: 'vcpu', request: 0xae07 },
  },
})
