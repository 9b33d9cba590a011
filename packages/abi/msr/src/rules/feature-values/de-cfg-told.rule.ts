import { always, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type FeatureHost, plainHost } from './host.ts'

export const deCfgTold = behaviour<FeatureHost, bigint>({
  id: 'de-cfg-told',
  catalogue: 'amd-misc',
  says: 'of DE_CFG, KVM tells that LFENCE serializes, where the host’s kernel made it so',
  sources: [
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_get_feature_msr', '6.12'),
    probe('msr', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ lfenceSerializes }) => (lfenceSerializes ? 2n : 0n),
      witness: { in: plainHost, out: 2n },
    },
  ],
})
