import { type CpuidAnswer, type CpuidTable, findEntry } from './entry.ts'

/** Four bytes of a register as characters, lowest first. */
export function charactersOf(value: number): string {
  return [0, 8, 16, 24].map((shift) => String.fromCharCode((value >>> shift) & 0xff)).join('')
}

/** Four characters from `at` on as a register; what is not there is NUL. */
export function registerOf(text: string, at: number): number {
  return [0, 1, 2, 3].reduce((value, i) => value | (((text.charCodeAt(at + i) || 0) & 0xff) << (8 * i)), 0) >>> 0
}

/** The vendor string of leaf 00H, 12 characters; empty without that leaf. Source: SDM 2A §3.3 CPUID. */
export function vendorOf(table: CpuidTable): string {
  const found = findEntry(table, 0, 0)
  return found === undefined ? '' : [found.ebx, found.edx, found.ecx].map(charactersOf).join('')
}

/** The brand string of leaves 80000002H to 80000004H, without its padding; empty without them. */
export function brandOf(table: CpuidTable): string {
  const parts = [0x8000_0002, 0x8000_0003, 0x8000_0004].map((leaf) => findEntry(table, leaf, 0))
  const text = parts.flatMap((part) => (part === undefined ? [] : registersOf(part).map(charactersOf))).join('')
  const end = text.indexOf('\0')
  return (end < 0 ? text : text.slice(0, end)).trim()
}

function registersOf({ eax, ebx, ecx, edx }: CpuidAnswer): readonly number[] {
  return [eax, ebx, ecx, edx]
}

/** Family, model and stepping as software puts them together. */
export interface Signature {
  readonly family: number
  readonly model: number
  readonly stepping: number
}

/** Takes the EAX of leaf 01H apart. Source: SDM 2A §3.3 CPUID, Version Information. */
export function signatureOf(eax: number): Signature {
  const family = (eax >>> 8) & 0xf
  const model = (eax >>> 4) & 0xf
  const extends_ = family === 6 || family === 15
  return {
    family: family === 15 ? family + ((eax >>> 20) & 0xff) : family,
    model: extends_ ? model | (((eax >>> 16) & 0xf) << 4) : model,
    stepping: eax & 0xf,
  }
}

/** The EAX of leaf 01H for a family, model and stepping. */
export function signatureEax({ family, model, stepping }: Signature): number {
  const extended = Math.max(0, family - 15)
  return ((extended << 20) | ((model >> 4) << 16) | (Math.min(family, 15) << 8) | ((model & 0xf) << 4) | stepping) >>> 0
}
