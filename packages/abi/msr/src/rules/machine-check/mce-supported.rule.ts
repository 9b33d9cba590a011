import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { cmciP, ctlP, lmceP, serP } from './machine-check.ts'

/** What KVM_X86_GET_MCE_CAP_SUPPORTED gives, by the module that is loaded. */
export const mceSupported = behaviour<{ readonly module: 'kvm_intel' | 'kvm_amd' }, bigint>({
  id: 'mce-supported',
  catalogue: 'mce-setup',
  says: 'IA32_MCG_CTL and recovery are supported everywhere, local machine checks and corrected interrupts on Intel',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_hardware_setup', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.0'),
      does: ({ module }) => ctlP | serP | (module === 'kvm_intel' ? lmceP : 0n),
      witness: { in: { module: 'kvm_intel' }, out: ctlP | serP | lmceP },
    },
    {
      lifetime: since('6.0'),
      sources: [commit('aebc3ca19063', 'KVM: x86: Enable CMCI capability by default and handle injected UCNA errors')],
      does: ({ module }) => ctlP | serP | (module === 'kvm_intel' ? lmceP | cmciP : 0n),
      witness: { in: { module: 'kvm_amd' }, out: ctlP | serP },
    },
  ],
})
