import type { CpuidEntry, CpuidTable } from '@vmm/cpuid'
import { kvmCpuid, kvmCpuid2, kvmCpuidEntry, kvmCpuidEntry2 } from '@vmm/kvm-uapi'
import { type Codec, u32 } from '@vmm/layout'
import type { Refusal } from '@vmm/rule'
import { type Call, faulted, put, taken } from './call.ts'

/** More entries than any release takes: nobody looks at them. */
const enough = 257

/** The argument of KVM_SET_CPUID2 or KVM_SET_CPUID: what of it can be read. */
export interface CpuidArgument {
  readonly table: CpuidTable
  readonly unreadable: 'header' | { readonly afterEntries: number } | undefined
}

/** Reads a `struct kvm_cpuid2` with its entries: as far as the kernel would have to. */
export function readCpuid(call: Call): CpuidArgument {
  return readEntries(call, kvmCpuid2, kvmCpuidEntry2, entryOf)
}

/** Reads a `struct kvm_cpuid`, whose entries have neither index nor flags. */
export function readLegacyCpuid(call: Call): CpuidArgument {
  return readEntries(call, kvmCpuid, kvmCpuidEntry, (entry) => entryOf({ ...entry, index: 0, flags: 0 }))
}

/** With its members in the order that all entries have them in: rules look at many, and do so faster where all are alike. */
function entryOf({ function: leaf, index, flags, eax, ebx, ecx, edx }: CpuidEntry): CpuidEntry {
  return { function: leaf, index, flags, eax, ebx, ecx, edx }
}

interface Header extends Codec<{ readonly nent: number }> {
  readonly offset: { readonly entries: number }
}

function readEntries<T>(
  call: Call,
  headerCodec: Header,
  entryCodec: Codec<T>,
  made: (read: T) => CpuidEntry,
): CpuidArgument {
  const header = taken(call, headerCodec)
  if (header === undefined) return { table: [], unreadable: 'header' }
  const count = Math.min(header.value.nent, enough)
  const whole = call.memory.read(call.argument + BigInt(headerCodec.offset.entries), count * entryCodec.size)
  if (whole !== undefined) {
    const view = new DataView(whole.buffer)
    const read = (_: unknown, at: number) => made(entryCodec.read(view, at * entryCodec.size))
    return { table: Array.from({ length: count }, read), unreadable: undefined }
  }
  const entries: CpuidEntry[] = []
  while (entries.length < count) {
    const read = taken(call, entryCodec, BigInt(headerCodec.offset.entries + entries.length * entryCodec.size))
    if (read === undefined) break
    entries.push(made(read.value))
  }
  const missing = Array.from({ length: count - entries.length }, () => nothing)
  return { table: [...entries, ...missing], unreadable: { afterEntries: entries.length } }
}

/** Writes a table into a `struct kvm_cpuid2`: the entries first, then the header with a number. */
export function writeCpuid(call: Call, table: CpuidTable, nent = table.length): Refusal | number {
  const wrote = table.every((entry, at) => put(call, kvmCpuidEntry2, entry, offsetOf(at)))
  return wrote && put(call, u32, nent) ? 0 : faulted(call.name)
}

const nothing: CpuidEntry = { function: 0, index: 0, flags: 0, eax: 0, ebx: 0, ecx: 0, edx: 0 }

function offsetOf(entry: number): bigint {
  return BigInt(kvmCpuid2.offset.entries + entry * kvmCpuidEntry2.size)
}
