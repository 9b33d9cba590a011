import type { Feature } from '@vmm/cpuid'
import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { guestHas, type MsrCall } from '../../kvm-call.ts'
import { having, hostReads } from '../witness.ts'

const cr4Fixed1 = 0x489
const performanceCounters = 1n << 8n

/** Bits of CR4, and what of CPUID lets a guest in VMX operation set each. Source: arch/x86/kvm/vmx/vmx.c (Linux 6.12). */
type Bits = readonly (readonly [bits: bigint, feature: Feature])[]
const bits: Bits = [
  [0x3n, 'VME'],
  [0x4n, 'TSC'],
  [0x8n, 'DE'],
  [0x10n, 'PSE'],
  [0x20n, 'PAE'],
  [0x40n, 'MCE'],
  [0x80n, 'PGE'],
  [0x200n, 'FXSR'],
  [0x400n, 'SSE'],
  [0x800n, 'UMIP'],
  [0x1000n, 'LA57'],
  [0x2000n, 'VMX'],
  [0x4000n, 'SMX'],
  [0x1_0000n, 'FSGSBASE'],
  [0x2_0000n, 'PCID'],
  [0x4_0000n, 'XSAVE'],
  [0x10_0000n, 'SMEP'],
  [0x20_0000n, 'SMAP'],
  [0x40_0000n, 'PKU'],
]

const withLam: Bits = [...bits, [0x1000_0000n, 'LAM']]
const withLamAndCet: Bits = [...withLam, [0x80_0000n, 'CET_SS'], [0x80_0000n, 'CET_IBT']]

const telling =
  (known: Bits) =>
  (call: MsrCall): MsrCall => {
    if (call.access !== 'read' || call.index !== cr4Fixed1) return call
    const allowed = known.filter(([, feature]) => guestHas(call, feature))
    return { ...call, told: allowed.reduce((all, [some]) => all | some, performanceCounters) }
  }

const nested = hostReads(cr4Fixed1, 0n, { vcpu: having('VMX', 'PAE', 'LAM', 'CET_IBT') })
const tells = (told: bigint) => ({ in: nested, out: { ...nested, told } })

export const vmxFixed1Told = behaviour<MsrCall, MsrCall>({
  id: 'vmx-fixed-1-told',
  catalogue: 'vmx-msr-fixed',
  says: 'CR4 FIXED1 follows from the guest’s CPUID',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'nested_vmx_cr_fixed1_bits_update', '6.12.117')],
  evidence: 'recorded',
  versions: [
    { lifetime: until('6.8'), does: telling(bits), witness: tells(0x2120n) },
    {
      lifetime: between('6.8', '6.18'),
      says: 'LAM among it',
      does: telling(withLam),
      witness: tells(0x1000_2120n),
    },
    {
      lifetime: since('6.18'),
      says: 'LAM and CET among it',
      sources: [commit('625884996bff', 'KVM: nVMX: Prepare for enabling CET support for nested guest')],
      does: telling(withLamAndCet),
      witness: tells(0x1080_2120n),
    },
  ],
})
