import type { KvmFile } from '@vmm/kvm'
import { ioctlNamed, kvmCpuid2, kvmCpuidEntry2, kvmMsrEntry, kvmMsrs } from '@vmm/kvm-uapi'
import { encode } from '@vmm/layout'
import { places } from './calls.ts'
import type { HostileProcess } from './process.ts'

/** The calls that tell a vCPU's state, each with what it writes. */
const tellingCalls = [
  'KVM_GET_REGS',
  'KVM_GET_SREGS',
  'KVM_GET_SREGS2',
  'KVM_GET_FPU',
  'KVM_GET_XCRS',
  'KVM_GET_DEBUGREGS',
  'KVM_GET_VCPU_EVENTS',
  'KVM_GET_MP_STATE',
  'KVM_GET_LAPIC',
] as const

const xsaveBytes = 4096
const cpuidEntries = 128
/** Registers that tell no time. */
const msrs = [
  0x174, 0x175, 0x176, 0x1b, 0x1a0, 0x277, 0x2ff, 0x10a, 0x3a, 0x48, 0xc000_0080, 0xc000_0081, 0xc000_0082, 0xc000_0084,
  0xc000_0102, 0xda0,
] as const

/** What can be asked of a vCPU, by call: the same twice, as long as nothing changes it. */
export function stateOf(process: HostileProcess, vcpu: KvmFile): ReadonlyMap<string, string> {
  const told = tellingCalls.map((name) => [name, asked(process, vcpu, name, ioctlNamed(name)?.size ?? 0)] as const)
  const cpuidHead = encode(kvmCpuid2, { nent: cpuidEntries })
  const msrBytes = new Uint8Array(kvmMsrs.size + msrs.length * kvmMsrEntry.size)
  msrBytes.set(encode(kvmMsrs, { nmsrs: msrs.length }))
  for (const [nth, index] of msrs.entries())
    msrBytes.set(encode(kvmMsrEntry, { index, data: 0n }), kvmMsrs.size + nth * kvmMsrEntry.size)
  return new Map([
    ...told,
    ['KVM_GET_XSAVE', asked(process, vcpu, 'KVM_GET_XSAVE', xsaveBytes)],
    [
      'KVM_GET_CPUID2',
      asked(process, vcpu, 'KVM_GET_CPUID2', kvmCpuid2.size + cpuidEntries * kvmCpuidEntry2.size, cpuidHead),
    ],
    ['KVM_GET_MSRS', asked(process, vcpu, 'KVM_GET_MSRS', msrBytes.length, msrBytes)],
  ])
}

function asked(
  process: HostileProcess,
  vcpu: KvmFile,
  name: string,
  length: number,
  given: Uint8Array = new Uint8Array(),
): string {
  const bytes = new Uint8Array(length)
  bytes.set(given)
  process.write(bytes)
  const { value } = process.call(vcpu, name, places.arguments)
  return `${value} ${Buffer.from(process.read(length)).toString('base64')}`
}
