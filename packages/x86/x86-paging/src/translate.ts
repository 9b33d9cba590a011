import type { Machine, Width } from '@vmm/x86-semantics'
import { failed } from './rights.ts'
import { pageFact, walk } from './walk.ts'

/** The registers that a walk depends on. `PHYSICAL_MASK` has a one for each bit of a physical address (MAXPHYADDR). */
export type PagingRegisters = Readonly<Record<'CR0' | 'CR3' | 'CR4' | 'IA32_EFER' | 'PKRU' | 'PHYSICAL_MASK', bigint>>

/** Physical memory as a walk uses it: aligned entries of 4 or 8 bytes, little-endian. */
export interface EntryMemory {
  read(address: bigint, bytes: 4 | 8): bigint
  /** Stores `value` if memory still holds `expected`, as one step; true if it did. */
  swap(address: bigint, bytes: 4 | 8, expected: bigint, value: bigint): boolean
}

/** What a linear address leads to: a page, or #PF with its error code. */
export type Translation =
  | { readonly kind: 'page'; readonly frame: bigint; readonly global: boolean; readonly large: boolean }
  | { readonly kind: 'fault'; readonly errorCode: number }

/**
 * Walks the page tables for one access: an or of `access` bits. `frame` is the physical address of the 4 KiB around
 * the linear one, also within large pages; `global` and `large` tell what to remember of it. Accessed and dirty bits
 * are set in memory; the uppermost entries of PAE paging are read there as well. The linear address must be canonical, and 32 bits wide outside IA-32e mode.
 */
export function translate(memory: EntryMemory, registers: PagingRegisters, linear: bigint, asked: number): Translation {
  const machine = { ...arithmetic, ...surroundings(memory, registers) } as unknown as Machine
  const results = walk.body(machine, bits(linear, 64) as never, bits(BigInt(asked), 8) as never)
  const [error, frame, facts] = (results as unknown as readonly Value[]).map(({ value }) => value)
  if (error !== 0n) return { kind: 'fault', errorCode: Number(error! & BigInt(~failed >>> 0)) }
  const has = (fact: number) => (facts! & BigInt(fact)) !== 0n
  return { kind: 'page', frame: frame!, global: has(pageFact.global), large: has(pageFact.large) }
}

/** What a `Bits` is here: an unsigned value of its width. */
interface Value {
  readonly value: bigint
  readonly width: Width
}

const bits = (value: bigint | number, width: Width): Value => ({ value: BigInt.asUintN(width, BigInt(value)), width })
const truth = (holds: boolean): Value => bits(holds ? 1n : 0n, 1)

/** As much of the algebra as the walk uses, on bigints. */
const arithmetic = {
  constant: bits,
  add: (a: Value, b: Value) => bits(a.value + b.value, a.width),
  sub: (a: Value, b: Value) => bits(a.value - b.value, a.width),
  and: (a: Value, b: Value) => bits(a.value & b.value, a.width),
  or: (a: Value, b: Value) => bits(a.value | b.value, a.width),
  not: (a: Value) => bits(~a.value, a.width),
  shiftLeft: (a: Value, count: Value) => bits(a.value << count.value, a.width),
  shiftRight: (a: Value, count: Value) => bits(a.value >> count.value, a.width),
  bit: (a: Value, at: number) => truth(((a.value >> BigInt(at)) & 1n) === 1n),
  equal: (a: Value, b: Value) => truth(a.value === b.value),
  below: (a: Value, b: Value) => truth(a.value < b.value),
  isZero: (a: Value) => truth(a.value === 0n),
  zeroExtend: (a: Value, width: Width) => bits(a.value, width),
  truncate: (a: Value, width: Width) => bits(a.value, width),
  select: (condition: Value, yes: Value, no: Value) => (condition.value === 1n ? yes : no),
}

const widthOf = (register: keyof PagingRegisters): Width => (register === 'PKRU' ? 32 : 64)
const bytesOf = (width: Width): 4 | 8 => (width === 64 ? 8 : 4)

function surroundings(memory: EntryMemory, registers: PagingRegisters) {
  return {
    get: (register: keyof PagingRegisters | `PDPTE${0 | 1 | 2 | 3}`) =>
      register in registers
        ? bits(registers[register as keyof PagingRegisters], widthOf(register as keyof PagingRegisters))
        : bits(memory.read((registers.CR3 & 0xffff_ffe0n) + BigInt(register.slice(-1)) * 8n, 8), 64),
    loadPhysical: (address: Value, width: Width) => bits(memory.read(address.value, bytesOf(width)), width),
    compareAndSwapPhysical: (address: Value, expected: Value, value: Value) =>
      truth(memory.swap(address.value, bytesOf(value.width), expected.value, value.value)),
    when(condition: Value, then: () => void, otherwise?: () => void) {
      if (condition.value === 1n) then()
      else otherwise?.()
    },
    loop(condition: () => Value, body: () => void) {
      while (condition().value === 1n) body()
    },
    variable(initial: Value) {
      let held = initial
      return {
        get: () => held,
        set: (value: Value) => {
          held = value
        },
      }
    },
  }
}
