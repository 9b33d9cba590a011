import type { CpuidTable } from '@vmm/cpuid'
import { type KvmCpuidEntry2, kvmCpuid2, kvmCpuidEntry2 } from '@vmm/kvm-uapi'
import { u32 } from '@vmm/layout'
import type { Refusal } from '@vmm/rule'
import { type Call, faulted, put, taken } from './call.ts'

/** More entries than any release takes: nobody looks at them. */
const enough = 257

/** The argument of KVM_SET_CPUID2: what of it can be read. */
export interface CpuidArgument {
  readonly table: CpuidTable
  readonly unreadable: 'header' | { readonly afterEntries: number } | undefined
}

/** Reads a `struct kvm_cpuid2` with its entries: as far as the kernel would have to. */
export function readCpuid(call: Call): CpuidArgument {
  const header = taken(call, kvmCpuid2)
  if (header === undefined) return { table: [], unreadable: 'header' }
  const count = Math.min(header.value.nent, enough)
  const entries: KvmCpuidEntry2[] = []
  for (let at = 0; at < count; at++) {
    const entry = taken(call, kvmCpuidEntry2, offsetOf(at))
    if (entry === undefined) break
    entries.push(entry.value)
  }
  if (entries.length === count) return { table: entries, unreadable: undefined }
  const missing = Array.from({ length: count - entries.length }, () => nothing)
  return { table: [...entries, ...missing], unreadable: { afterEntries: entries.length } }
}

/** Writes a table into a `struct kvm_cpuid2`: the entries first, then how many they are. */
export function writeCpuid(call: Call, table: CpuidTable): Refusal | number {
  const wrote = table.every((entry, at) => put(call, kvmCpuidEntry2, entry, offsetOf(at)))
  return wrote && put(call, u32, table.length) ? 0 : faulted(call.name)
}

const nothing: KvmCpuidEntry2 = { function: 0, index: 0, flags: 0, eax: 0, ebx: 0, ecx: 0, edx: 0 }

function offsetOf(entry: number): bigint {
  return BigInt(kvmCpuid2.offset.entries + entry * kvmCpuidEntry2.size)
}
