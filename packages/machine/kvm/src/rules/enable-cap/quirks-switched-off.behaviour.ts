import { behaviour, since, until } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'

/** KVM_CAP_DISABLE_QUIRKS and KVM_CAP_DISABLE_QUIRKS2 with bits that they take. */
export interface QuirksAsked {
  readonly asked: bigint
  /** Those of the release on this host. */
  readonly supported: bigint
  /** Those that are off already. */
  readonly off: bigint
}

const twice: QuirksAsked = { asked: 4n, supported: 0x7fn, off: 1n }

/** Which quirks are off afterwards. */
export const quirksSwitchedOff = behaviour<QuirksAsked, bigint>({
  id: 'quirks-switched-off',
  catalogue: 'enable-cap-vm',
  says: 'a quirk that is switched off stays off',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
    mail('20250304060647.2903469-2-pbonzini@redhat.com', '[PATCH v3 1/6] KVM: x86: do not allow re-enabling quirks'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until({ absentIn: '6.14', presentIn: '6.18' }, { '6.12': { until: '6.12.78' } }),
      says: 'the bits given last are those that are off, known or not',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.1.192')],
      does: ({ asked }) => asked,
      witness: { in: twice, out: 4n },
    },
    {
      lifetime: since({ absentIn: '6.14', presentIn: '6.18' }, { '6.12': '6.12.78' }),
      does: ({ asked, supported, off }) => off | (asked & supported),
      witness: { in: twice, out: 5n },
    },
  ],
})
