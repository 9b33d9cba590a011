import { always } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { brokenDemand } from '../../handled.ts'
import { isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, holding } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const mciStatusCleared = registerRule({
  id: 'mci-status-cleared',
  catalogue: 'mci-status',
  says: "a guest only clears IA32_MCi_STATUS, unless it is AMD's and HWCR.MC_STATUS_WR_EN is set; user space writes anything",
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12'),
    kernelSource('arch/x86/kvm/x86.c', 'can_set_mci_status', '6.12'),
    probe('instructions', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: (call) =>
    isGuestWrite(call) &&
    call.index >= 0x400 &&
    call.index < 0x480 &&
    (call.index & 3) === 1 &&
    brokenDemand(call) !== undefined,
  witness: {
    refused: guestWrites(0x401, 1n, { vcpu: holding([0x179, 2n]) }),
    accepted: guestWrites(0x401, 1n, { vcpu: { vendor: 'amd', ...holding([0x179, 2n], [0xc001_0015, 1n << 18n]) } }),
  },
})
