import { always, behaviour } from '@vmm/rule'
import { kernelSource, sdm } from '@vmm/source'

export const vmxMsrListLength = behaviour<bigint, number>({
  id: 'vmx-msr-list-length',
  catalogue: 'vmx-msr-lists',
  says: 'a list of MSRs that an entry or an exit goes through has as many entries as IA32_VMX_MISC says: 512, and as many more for each of its bits 27:25',
  sources: [
    sdm('3D', 'A.6', 'Miscellaneous Data'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_max_atomic_switch_msrs', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (misc) => 512 * (1 + Number((misc >> 25n) & 7n)),
      witness: { in: 0x2000_0165n, out: 512 },
    },
  ],
})
