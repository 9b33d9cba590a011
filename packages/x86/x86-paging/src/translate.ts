import type { Machine, Width } from '@vmm/x86-semantics'
import { failed, refusedByEpt } from './rights.ts'
import { pageFact, walk } from './walk.ts'

/** The registers that a walk depends on. `PHYSICAL_MASK` has a one for each bit of a physical address (MAXPHYADDR). */
export type PagingRegisters = Readonly<
  Record<'CR0' | 'CR3' | 'CR4' | 'IA32_EFER' | 'PKRU' | 'PHYSICAL_MASK', bigint>
> & {
  /** The EPT pointer, where what paging leads to is translated once more. */
  readonly EPTP?: bigint
  /** An or of `eptControls`. */
  readonly EPT_CONTROLS?: bigint
}

/** Physical memory as a walk uses it: aligned entries of 4 or 8 bytes, little-endian. */
export interface EntryMemory {
  read(address: bigint, bytes: 4 | 8): bigint
  /** Stores `value` if memory still holds `expected`, as one step; true if it did. */
  swap(address: bigint, bytes: 4 | 8, expected: bigint, value: bigint): boolean
  /** With page-modification logging: whether the log has room, which it has where this is left out; and a page that it takes. */
  logHasRoom?(): boolean
  logPage?(address: bigint): void
}

/** What a linear address leads to: a page, #PF with its error code, or that EPT refuses, by basic exit reason. */
export type Translation =
  | { readonly kind: 'page'; readonly frame: bigint; readonly global: boolean; readonly large: boolean }
  | { readonly kind: 'fault'; readonly errorCode: number }
  | SecondLevelRefusal

/** EPT lets a translation not be made: of a guest-physical address, with an exit qualification. Source: SDM 3C 29.3.3. */
export interface SecondLevelRefusal {
  readonly kind: 'refused'
  readonly exitReason: number
  readonly address: bigint
  readonly qualification: bigint
  /** The entry at which the translation ended. */
  readonly entry: bigint
}

/**
 * Walks the page tables for one access: an or of `access` bits. `frame` is the physical address of the 4 KiB around
 * the linear one, also within large pages; `global` and `large` tell what to remember of it. Accessed and dirty bits
 * are set in memory; the uppermost entries of PAE paging are read there as well. The linear address must be canonical, and 32 bits wide outside IA-32e mode.
 */
export function translate(memory: EntryMemory, registers: PagingRegisters, linear: bigint, asked: number): Translation {
  const told = new Map<string, Value>()
  const machine = machineOn(memory, registers, told)
  const results = walk.body(machine, bits(linear, 64) as never, bits(BigInt(asked), 8) as never)
  const [error, frame, facts] = (results as unknown as readonly Value[]).map(({ value }) => value)
  if ((error! & BigInt(refusedByEpt)) !== 0n) return refusal(Number(error! & 0xffffn), told)
  if (error !== 0n) return { kind: 'fault', errorCode: Number(error! & BigInt(~failed >>> 0)) }
  const has = (fact: number) => (facts! & BigInt(fact)) !== 0n
  return { kind: 'page', frame: frame!, global: has(pageFact.global), large: has(pageFact.large) }
}

const refusal = (exitReason: number, told: ReadonlyMap<string, Value>): SecondLevelRefusal => ({
  kind: 'refused',
  exitReason,
  address: told.get('EPT_ADDRESS')!.value,
  qualification: told.get('EPT_QUALIFICATION')!.value,
  entry: told.get('EPT_ENTRY')!.value,
})

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

const widths: Partial<Readonly<Record<keyof PagingRegisters, Width>>> = { PKRU: 32, EPT_CONTROLS: 8 }
const widthOf = (register: keyof PagingRegisters): Width => widths[register] ?? 64
const bytesOf = (width: Width): 4 | 8 => (width === 64 ? 8 : 4)

/** The algebra on bigints, which notes in `told` what is set. */
function machineOn(memory: EntryMemory, registers: PagingRegisters, told: Map<string, Value>): Machine {
  const machine = {
    ...arithmetic,
    ...surroundings(memory, registers),
    set: (register: string, value: Value) => void told.set(register, value),
    call: (procedure: { body(m: Machine, ...values: Value[]): readonly Value[] }, ...values: Value[]) =>
      procedure.body(machine as unknown as Machine, ...values),
  }
  return machine as unknown as Machine
}

function surroundings(memory: EntryMemory, registers: PagingRegisters) {
  return {
    get: (register: keyof PagingRegisters | `PDPTE${0 | 1 | 2 | 3}`) =>
      register.startsWith('PDPTE')
        ? bits(memory.read((registers.CR3 & 0xffff_ffe0n) + BigInt(register.slice(-1)) * 8n, 8), 64)
        : bits(registers[register as keyof PagingRegisters] ?? 0n, widthOf(register as keyof PagingRegisters)),
    loadPhysical: (address: Value, width: Width) => bits(memory.read(address.value, bytesOf(width)), width),
    compareAndSwapPhysical: (address: Value, expected: Value, value: Value) =>
      truth(memory.swap(address.value, bytesOf(value.width), expected.value, value.value)),
    host(name: 'logHasRoom' | 'logPage', ...given: readonly Value[]) {
      if (name === 'logHasRoom') return [bits(memory.logHasRoom?.() === false ? 0 : 1, 8)]
      memory.logPage?.(given[0]!.value)
      return []
    },
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
