import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, isGuestWrite, isHostWrite, type MsrCall, type MsrEffect, valueIn } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'

const cleared = hostWrites(0x3a, 0n)

/** Everything that a write sets off beside the register. */
function effectsOf(call: MsrCall): readonly MsrEffect[] {
  const { index, data, vm } = call
  const guest = isGuestWrite(call)
  switch (index) {
    case 0x3a:
      return isHostWrite(call) && data === 0n ? ['leave nested operation'] : []
    case 0x10:
      return ['change TSC offset']
    case 0x3b:
      return guest ? ['change TSC offset'] : []
    case 0x1a0:
      return !vm.quirkMiscEnableNoMwait && bitOf(data ^ valueIn(call), 18) ? ['recompute CPUID'] : []
    case 0xda0:
      return ['recompute CPUID']
    case 0x345:
      return ['refresh the PMU']
    case 0x11:
    case 0x4b56_4d00:
      return ['write wall clock']
    case 0x4000_0000:
      return data === 0n ? ['toggle hypercall page'] : []
    case 0x4000_0001:
      return ['toggle hypercall page']
    case 0x4000_0021:
      return ['change the reference page']
    default:
      return []
  }
}

export const setsOff = behaviour<MsrCall, MsrCall>({
  id: 'sets-off',
  catalogue: 'feat-ctl-host',
  says: 'a write may do more than be kept: leave VMX operation, change CPUID, move the clock, or exit',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12'),
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const effects = call.access === 'write' && call.drops !== true ? effectsOf(call) : []
        return effects.length === 0 ? call : { ...call, effects: [...(call.effects ?? []), ...effects] }
      },
      witness: { in: cleared, out: { ...cleared, effects: ['leave nested operation'] } },
    },
  ],
})
