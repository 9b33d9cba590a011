import { always, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { bitOf, isGuestWrite, type MsrCall, type MsrEffect } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const crashed = guestWrites(0x4000_0105, 1n << 63n)

/** What is told of a write that keeps nothing: by what is written. */
function told(call: MsrCall): MsrEffect | undefined {
  if (call.access !== 'write') return undefined
  if (call.index === 0x4000_0003 && call.data === 1n) return 'exit: Hyper-V reset'
  return call.index === 0x4000_0105 && isGuestWrite(call) && bitOf(call.data, 63) ? 'exit: Hyper-V crash' : undefined
}

export const hyperVTells = behaviour<MsrCall, MsrCall>({
  id: 'hyper-v-tells',
  catalogue: 'hv-msrs',
  says: 'a guest that writes 1 into HV_X64_MSR_RESET wants a reset, and one that writes bit 63 of HV_X64_MSR_CRASH_CTL has crashed',
  sources: [
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.12'),
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.1.192'),
    probe('msr', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const effect = told(call)
        return effect === undefined ? call : { ...call, effects: [...(call.effects ?? []), effect] }
      },
      witness: { in: crashed, out: { ...crashed, effects: ['exit: Hyper-V crash'] } },
    },
  ],
})
