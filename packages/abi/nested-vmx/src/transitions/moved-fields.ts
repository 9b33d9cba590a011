import type { ProcessorRegisters, StateField } from '@vmm/x86-registers'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { type Vmcs12Field, vmcs12Places } from '../vmcs12/vmcs12.ts'

/** Fields of a VMCS beside registers, by offset: made once, gone through at each transition. */
export interface MovedFields {
  readonly offsets: readonly number[]
  readonly widths: readonly (2 | 4 | 8)[]
  readonly registers: readonly StateField[]
}

/** A table of fields and registers as transitions go through it. */
export function movedFields(rows: readonly (readonly [Vmcs12Field, StateField])[]): MovedFields {
  const places = rows.map(([field]) => vmcs12Places.find((place) => place.field === field)!)
  return {
    offsets: places.map(({ offset }) => offset),
    widths: places.map(({ bytes }) => bytes),
    registers: rows.map(([, register]) => register),
  }
}

/** Registers from a VMCS. */
export function loadFields({ view }: LiveVmcs12, registers: ProcessorRegisters, moved: MovedFields): void {
  const { offsets, widths, registers: names } = moved
  for (let at = 0; at < offsets.length; at += 1) {
    const offset = offsets[at]!
    const bytes = widths[at]!
    const value =
      bytes === 8
        ? view.getBigUint64(offset, true)
        : BigInt(bytes === 4 ? view.getUint32(offset, true) : view.getUint16(offset, true))
    registers.set(names[at]!, value)
  }
}

/** Registers into a VMCS. */
export function saveFields({ view }: LiveVmcs12, registers: ProcessorRegisters, moved: MovedFields): void {
  const { offsets, widths, registers: names } = moved
  for (let at = 0; at < offsets.length; at += 1) {
    const offset = offsets[at]!
    const bytes = widths[at]!
    const value = registers.get(names[at]!)
    if (bytes === 8) view.setBigUint64(offset, value, true)
    else if (bytes === 4) view.setUint32(offset, Number(value), true)
    else view.setUint16(offset, Number(value), true)
  }
}
