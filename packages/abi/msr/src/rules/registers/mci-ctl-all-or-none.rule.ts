import { always } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { brokenDemand } from '../../handled.ts'
import { holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const mciCtlAllOrNone = registerRule({
  id: 'mci-ctl-all-or-none',
  catalogue: 'mci-ctl',
  says: 'IA32_MCi_CTL is all zeros or all ones, but for bits 0 and 10',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12'),
    probe('instructions', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: (call) =>
    call.access === 'write' &&
    call.index >= 0x400 &&
    call.index < 0x480 &&
    (call.index & 3) === 0 &&
    brokenDemand(call) !== undefined,
  witness: {
    refused: hostWrites(0x400, 2n, { vcpu: holding([0x179, 2n]) }),
    accepted: hostWrites(0x400, (1n << 64n) - 2n, { vcpu: holding([0x179, 2n]) }),
  },
})
