import { rule, since } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { EnterSmmCall } from '../calls.ts'

export const smmSaveFails = rule<EnterSmmCall>({
  id: 'smm-save-fails',
  catalogue: 'smi',
  says: 'where the processor cannot be saved on its way into SMM, the VM is dead',
  lifetime: since({ absentIn: '6.1', presentIn: '6.12' }),
  errno: 'EIO',
  sources: [
    kernelSource('arch/x86/kvm/smm.c', 'enter_smm', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'enter_smm', '6.1.192'),
    probe('smm', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ written }) => !written,
  witness: {
    refused: { written: false, shadow: 0, ssp: undefined },
    accepted: { written: true, shadow: 0, ssp: undefined },
  },
})
