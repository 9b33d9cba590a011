import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isCanonical } from '../../canonical.ts'
import { guestHas, type MsrCall } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const bases = [0xc000_0100, 0xc000_0101, 0xc000_0102]
const addresses = new Set([0x175, 0x176, 0xc000_0082, 0xc000_0083, ...bases])
const onIntel = new Set([0x174, 0x175, 0x176, ...bases])
const onAmd = new Set([0x174, 0xc000_0081, 0xc000_0082, 0xc000_0083, 0xc000_0084, ...bases])

/** Commands are the processor's from the start, or from the first that the guest gives; a control once it was not 0. */
function isSpeculation(call: MsrCall): boolean {
  const { index, access, vcpu } = call
  if (index === 0x48) return (vcpu.values.get(0x48) ?? 0n) !== 0n
  if (access === 'read') return false
  if (index === 0x49) return guestHas(call, 'SPEC_CTRL') || guestHas(call, 'AMD_IBPB')
  return index === 0x10b && guestHas(call, 'L1D_FLUSH')
}

function isPassedThrough(call: MsrCall): boolean {
  const { host, index, vcpu, access } = call
  if (isSpeculation(call)) return true
  if (host.module === 'kvm_intel') return onIntel.has(index) || (index === 0x10 && access === 'read')
  return onAmd.has(index) || ((index === 0x175 || index === 0x176) && vcpu.vendor !== 'intel')
}

const written = guestWrites(0xc000_0101, 1n << 62n)

/**
 * Nothing of a filter: what it denies is not passed through. Commands of speculation were in every release, up to 6.3
 * from the first one on.
 */
export const passedThrough = behaviour<MsrCall, 'intercepted' | 'passed through' | 'refused by the processor'>({
  id: 'passed-through',
  catalogue: 'user-msr-exit',
  says: 'bases and entry points are the processor’s own: what it refuses is a fault, and never an exit',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_vcpu_create', '6.12'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'direct_access_msrs', '6.12'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        if (!isPassedThrough(call)) return 'intercepted'
        const isRefused = call.access === 'write' && addresses.has(call.index)
        return isRefused && !isCanonical(call.data, call.host.linearAddressWidth)
          ? 'refused by the processor'
          : 'passed through'
      },
      witness: { in: written, out: 'refused by the processor' },
    },
  ],
})
