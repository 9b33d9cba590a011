/** What the stack pointer of a frame counts from. Source: arch/x86/include/asm/orc_types.h, ORC_REG_* (Linux 6.1, 6.12). */
export const orcRegister = { undefined: 0, previousSp: 1, bp: 4, sp: 5, bpIndirect: 8, spIndirect: 9 } as const

/** What lies where a frame ends: a return address, all registers, or the five words of an interrupt; or nothing that is known. */
export type OrcKind = 'call' | 'registers' | 'interrupt' | 'nothing'

/** How to get from a frame to the one that called it. */
export interface OrcEntry {
  readonly spOffset: number
  readonly bpOffset: number
  readonly spRegister: number
  readonly bpRegister: number
  readonly kind: OrcKind
}

/** Bytes of an entry. */
export const orcEntryBytes = 6

/** By the number of the kind: before Linux 6.4 two bits and one for the end, and three bits since. */
const kinds = {
  two: ['call', 'registers', 'interrupt', 'nothing'],
  three: ['nothing', 'nothing', 'call', 'registers', 'interrupt', 'nothing', 'nothing', 'nothing'],
} as const satisfies Readonly<Record<string, readonly OrcKind[]>>
const endsInTwo = 1 << 10

/** How many bits the kind has. */
export type OrcForm = keyof typeof kinds

/**
 * The form of a table: calls are most of what any kernel has, and their number differs.
 * Source: arch/x86/include/asm/orc_types.h, struct orc_entry.
 */
export function orcForm(view: DataView, at: number, count: number): OrcForm {
  let three = 0
  for (let index = 0; index < count; index += 1)
    three += Number(((view.getUint16(at + index * orcEntryBytes + 4, true) >> 8) & 7) === 2)
  return three * 2 > count ? 'three' : 'two'
}

/** An entry of a table. */
export function orcEntry(view: DataView, at: number, form: OrcForm): OrcEntry {
  const word = view.getUint16(at + 4, true)
  const number = (word >> 8) & (kinds[form].length - 1)
  const ends = form === 'two' && (word & endsInTwo) !== 0
  return {
    spOffset: view.getInt16(at, true),
    bpOffset: view.getInt16(at + 2, true),
    spRegister: word & 0xf,
    bpRegister: (word >> 4) & 0xf,
    kind: ends ? 'nothing' : kinds[form][number]!,
  }
}
