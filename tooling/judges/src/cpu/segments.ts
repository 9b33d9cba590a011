import type { Random } from './random.ts'
import { globalDescriptors, type LocalDescriptor, localDescriptors, userFlags } from './segments.rows.ts'
import { place } from './snippet.ts'

const bases = { nowhere: 0, data: place.data, code: place.code32 } as const
const descriptorBytes = 8
/** The global table has room for so many; the last one differs from processor to processor, and is not asked about. */
const globalCount = 16
/** Accessed, and of DPL 3 and a segment, as Linux makes all that programs have. */
const [accessed, ofPrograms] = [1, 0x70]

/** A `struct user_desc` of each entry of the local table, as four words of 32 bits. Source: modify_ldt(2). */
export const userDescriptors: readonly (readonly [number, number, number, number])[] = localDescriptors.map(
  ([base, limit, flags], at) => [at + 1, bases[base], limit, flagsOf(flags)],
)

function flagsOf(names: LocalDescriptor[2]): number {
  return names.reduce((all, name) => all | userFlags[name], 0)
}

/** The global table of a subject: what Linux has in its own, where the same can be seen of it. */
export function globalTable(): Uint8Array {
  const table = new DataView(new ArrayBuffer(globalCount * descriptorBytes))
  for (const [index, access, limit] of globalDescriptors) {
    const units = (access & 0x8000) === 0 ? limit : limit >>> 12
    table.setBigUint64(index * descriptorBytes, descriptorOf(0, units, access), true)
  }
  return new Uint8Array(table.buffer)
}

/** The local table, as Linux makes it of what it was told. Source: Linux, arch/x86/include/asm/desc.h, fill_ldt. */
export function localTable(): Uint8Array {
  const table = new DataView(new ArrayBuffer((localDescriptors.length + 1) * descriptorBytes))
  localDescriptors.forEach(([base, limit, names], at) => {
    const flags = flagsOf(names)
    const has = (flag: keyof typeof userFlags): boolean => (flags & userFlags[flag]) === userFlags[flag]
    const type = (has('read_exec_only') ? 0 : 2) | ((flags & userFlags.conforming) << 1) | accessed
    const high = (has('limit_in_pages') ? 8 : 0) | (has('seg_32bit') ? 4 : 0) | (has('useable') ? 1 : 0)
    const rights = type | ofPrograms | (has('seg_not_present') ? 0 : 0x80)
    table.setBigUint64((at + 1) * descriptorBytes, descriptorOf(bases[base], limit, (high << 12) | rights), true)
  })
  return new Uint8Array(table.buffer)
}

/** A descriptor; `access` is bits 55:40. Source: SDM 3A §3.4.5. */
function descriptorOf(base: number, limit: number, access: number): bigint {
  const [b, l, rights] = [BigInt(base), BigInt(limit), BigInt(access)]
  return (
    (l & 0xffffn) | ((b & 0xff_ffffn) << 16n) | (rights << 40n) | ((l & 0xf_0000n) << 32n) | ((b & 0xff00_0000n) << 32n)
  )
}

const tableIndicator = 4
const pastTheEnd = 4

/** A selector of something that both sides have, or both have not. `local`: the program has a local table. */
export function anySelector(random: Random, local: boolean): number {
  const rights = random.once(4) ? random.below(4) : 3
  if (local && random.once(2))
    return (random.below(localDescriptors.length + pastTheEnd) << 3) | tableIndicator | rights
  if (random.once(3)) return (random.pick([4, 5, 6]) << 3) | rights
  const index = random.below(globalCount + pastTheEnd)
  return ((index === globalCount - 1 ? 0 : index) << 3) | rights
}

/** A selector of code, mostly: where a far transfer may lead. */
export function codeSelector(random: Random, local: boolean): number {
  const isCode = localDescriptors.flatMap(([, , flags], at) => (flags.includes('code') ? [at + 1] : []))
  if (random.once(6)) return anySelector(random, local)
  if (local && random.once(2)) return (random.pick(isCode) << 3) | tableIndicator | 3
  return (random.pick([4, 6]) << 3) | 3
}
