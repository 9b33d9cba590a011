import type { Random } from '../cpu/random.ts'
import { at, slot } from './layout.ts'

/** What a segment descriptor says. Source: SDM 3A §3.4.5, Figure 3-8. */
interface Segment {
  readonly base?: number
  readonly limit?: number
  /** Type, S, DPL and P: bits 47:40. */
  readonly rights: number
  /** AVL, L, D/B and G: bits 55:52. */
  readonly flags?: number
}

/** A segment descriptor. The limit is in units of G. */
function segment({ base = 0, limit = 0xf_ffff, rights, flags = 0xc }: Segment): bigint {
  const [b, l] = [BigInt(base), BigInt(limit)]
  return (
    (l & 0xffffn) |
    ((b & 0xff_ffffn) << 16n) |
    (BigInt(rights) << 40n) |
    ((l >> 16n) << 48n) |
    (BigInt(flags) << 52n) |
    ((b >> 24n) << 56n)
  )
}

/** A gate's low half. Source: SDM 3A §5.8.3, §6.11, §6.14.1. */
function gate(selector: number, offset: number, rights: number, low = 0): bigint {
  const o = BigInt(offset)
  return (
    (o & 0xffffn) | (BigInt(selector) << 16n) | (BigInt(low) << 32n) | (BigInt(rights) << 40n) | ((o >> 16n) << 48n)
  )
}

const put = (view: DataView, table: number, index: number, value: bigint): void =>
  view.setBigUint64(table + index * 8, BigInt.asUintN(64, value), true)

/** The descriptor table: something of every kind, and some by chance. `long`: for IA-32e mode. */
export function writeDescriptors(view: DataView, random: Random, long: boolean): void {
  const codeFlags = long ? 0xa : 0xc
  const rows: [number, bigint][] = [
    [slot.code0, segment({ rights: 0x9b, flags: codeFlags })],
    [slot.data0, segment({ rights: random.pick([0x93, 0x92]) })],
    [slot.code3, segment({ rights: random.pick([0xfb, 0xfa]), flags: random.pick([codeFlags, 0xc]) })],
    [slot.data3, segment({ rights: 0xf3 })],
    [slot.code16, segment({ rights: 0x9a, flags: 0, limit: 0xffff })],
    [slot.data16, segment({ rights: 0xf2, flags: 0, limit: 0xffff })],
    [slot.conforming, segment({ rights: 0x9e, flags: codeFlags })],
    [slot.readOnly, segment({ rights: 0xf0, base: 0x100 })],
    [slot.expandDown, segment({ rights: 0xf6, limit: 0x10, flags: random.pick([0xc, 0x8]) })],
    [slot.notPresent, segment({ rights: random.pick([0x13, 0x7b]) })],
    [slot.tss, segment({ rights: random.pick([0x8b, 0x89]), base: at.tss, limit: 0x200, flags: 0 })],
    [slot.ldt, segment({ rights: 0x82, base: at.ldt, limit: 0xff, flags: 0 })],
    [slot.gate0, gate(slot.code0 * 8, at.code + 0x100, random.pick([0xec, 0x8c, 0xe4]), random.below(4))],
    [slot.gate3, gate(slot.code3 * 8 + 3, at.code + 0x180, 0xec, 0)],
    [slot.otherTss, segment({ rights: 0x89, base: at.tss + 0x400, limit: 0x67, flags: 0 })],
    [slot.short, segment({ rights: 0xf3, base: at.data, limit: 0x7ff, flags: 4 })],
    [slot.executeOnly, segment({ rights: 0xf8, flags: codeFlags })],
  ]
  for (const [index, value] of rows) put(view, at.gdt, index, value)
  for (let index: number = slot.random; index < slot.count; index += 1) put(view, at.gdt, index, random.bits())
  for (let index = 0; index < 32; index += 1)
    put(view, at.ldt, index, random.once(3) ? random.bits() : random.pick(rows)[1])
}

/** Gates for every vector, as wide as the mode asks; most lead to privileged code. */
export function writeGates(view: DataView, random: Random, long: boolean): void {
  for (let vector = 0; vector < (long ? 64 : 128); vector += 1) {
    const selector = random.once(12)
      ? random.below(slot.count) * 8
      : random.pick([slot.code0, slot.code0, slot.conforming]) * 8
    const type = random.once(20) ? random.below(32) : random.pick(long ? [14, 15] : [14, 15, 14, 15, 14, 15, 6, 7, 5])
    const level = random.pick([0, 3])
    const present = random.once(30) ? 0 : 0x80
    const stack = long && random.once(4) ? random.below(8) : 0
    const value = gate(selector, at.code + 0x800 + vector * 8, type | (level << 5) | present, stack)
    put(view, at.idt, vector * (long ? 2 : 1), value)
    if (long) put(view, at.idt, vector * 2 + 1, random.once(30) ? 0x8000n : 0n)
  }
}

/** A task's stacks and I/O permissions. Source: SDM 3A §7.2.1, §7.7; SDM 1 §19.5.2. */
export function writeTask(view: DataView, random: Random, long: boolean): void {
  const stack = () => at.data + 0x1000 * (1 + random.below(4)) + random.below(3)
  if (long) {
    for (let offset = 4; offset < 0x5c; offset += 8)
      view.setBigUint64(at.tss + offset, random.once(20) ? random.bits() : BigInt(stack()), true)
  } else {
    for (let level = 0; level < 3; level += 1) {
      view.setUint32(at.tss + 4 + level * 8, stack(), true)
      view.setUint16(at.tss + 8 + level * 8, slot.data0 * 8 + (random.once(20) ? random.below(4) : 0), true)
    }
  }
  view.setUint16(at.tss + 0x66, random.pick([0x68, 0x68, 0x1f0, 0xffff]), true)
  for (let offset = 0x68; offset < 0x204; offset += 1)
    view.setUint8(at.tss + offset, random.pick([0, 0, 0, 0xff, 0x55]))
}
