import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** Whether KVM_GET_MSR_FEATURE_INDEX_LIST has an MSR that some host has there. */
export const featureMsrListed = behaviour<{ readonly told: bigint | undefined }, boolean>({
  id: 'feature-msr-listed',
  catalogue: 'msr-feature-index-list',
  says: 'a feature MSR is listed where KVM_GET_MSRS on /dev/kvm reads it, also where it reads 0',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_probe_feature_msr', '6.12')],
  evidence: 'source',
  versions: [
    { lifetime: since('4.17'), does: ({ told }) => told !== undefined, witness: { in: { told: 0n }, out: true } },
  ],
})
