import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas, type MsrCall } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const microcode = guestWrites(0x8b, 5n)

/**
 * Taken and forgotten: an adjustment that CPUID lacks, a guest's microcode revision, a ratio without scaling, branch
 * records that are not virtualized, a deadline of a timer in another mode, a guest's report of its crash.
 */
function isForgotten(call: MsrCall): boolean {
  if (call.index === 0x1d9) return call.host.module === 'kvm_amd' && !call.host.branchVirtualization
  if (call.index === 0xc001_0117) return call.host.module === 'kvm_intel'
  if (call.index === 0x6e0) return call.vcpu.deadlineMode !== true
  if (call.index === 0x4000_0105) return call.initiator === 'guest'
  if (call.index === 0x3b) return !guestHas(call, 'TSC_ADJUST')
  if (call.index === 0x8b) return call.initiator === 'guest'
  if (call.index === 0xc000_0104) return !guestHas(call, 'TSC_RATE_MSR')
  return call.index === 0x4000_0001 && (call.vcpu.values.get(0x4000_0000) ?? 0n) === 0n
}

export const writesForgotten = behaviour<MsrCall, MsrCall>({
  id: 'writes-forgotten',
  catalogue: 'silently-ignored',
  says: 'some writes succeed and change nothing: what the vCPU cannot have is not what it keeps',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.12'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => (isForgotten(call) ? { ...call, drops: true } : call),
      witness: { in: microcode, out: { ...microcode, drops: true } },
    },
  ],
})
