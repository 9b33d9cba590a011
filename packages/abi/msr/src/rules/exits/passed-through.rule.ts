import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isCanonical } from '../../canonical.ts'
import { cetBits, isContraryCet } from '../../cet-controls.ts'
import { guestHas, type MsrCall } from '../../kvm-call.ts'
import { guestWrites, having } from '../witness.ts'

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

const cetRegisters = new Set([0x6a0, 0x6a2])
const shadowStackPointers = new Set([0x6a4, 0x6a5, 0x6a6, 0x6a7])

/** Registers of CET are the processor's where the guest has what they are for: with AMD all of them are for shadow stacks. */
function isEnforcement(call: MsrCall): boolean {
  const { host, index } = call
  if (shadowStackPointers.has(index)) return guestHas(call, 'CET_SS')
  if (!cetRegisters.has(index)) return false
  return guestHas(call, 'CET_SS') || (host.module === 'kvm_intel' && guestHas(call, 'CET_IBT'))
}

/** Whether a processor takes a value that a guest writes. Source: SDM 2D, WRMSR; SDM 4, Table 2-2. */
function isTaken({ index, data, host }: MsrCall): boolean {
  const isAddress = isCanonical(data, host.linearAddressWidth)
  if (addresses.has(index)) return isAddress
  if (shadowStackPointers.has(index)) return isAddress && (data & 3n) === 0n
  if (!cetRegisters.has(index)) return true
  return isAddress && (data & ~cetBits((feature) => host.features.has(feature))) === 0n && !isContraryCet(data)
}

type Reached = 'intercepted' | 'passed through' | 'refused by the processor'

const reached =
  (passes: (call: MsrCall) => boolean) =>
  (call: MsrCall): Reached => {
    if (!passes(call)) return 'intercepted'
    return call.access === 'write' && !isTaken(call) ? 'refused by the processor' : 'passed through'
  }

const tracking = { vcpu: having('CET_IBT') } as const

/**
 * Nothing of a filter: what it denies is not passed through. Commands of speculation were in every release, up to 6.3
 * from the first one on.
 */
export const passedThrough = behaviour<MsrCall, Reached>({
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
      lifetime: until('6.18'),
      does: reached(isPassedThrough),
      witness: { in: guestWrites(0xc000_0101, 1n << 62n), out: 'refused by the processor' },
    },
    {
      lifetime: since('6.18'),
      says: 'registers of CET among them, but the table of shadow stacks',
      sources: [
        kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_recalc_msr_intercepts', '6.18'),
        kernelSource('arch/x86/kvm/svm/svm.c', 'svm_recalc_msr_intercepts', '6.18'),
      ],
      does: reached((call) => isPassedThrough(call) || isEnforcement(call)),
      witness: { in: guestWrites(0x6a2, 0x1004n, tracking), out: 'passed through' },
    },
  ],
})
