import {
  gprIndex,
  type ProcessorRegisters,
  type StateField,
  type StateMemory,
  type StateMove,
  type StatePlace,
  stateFields,
} from '@vmm/x86-registers'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { type Vmcs12Field, type Vmcs12Place, vmcs12Places } from '../vmcs12/vmcs12.ts'
import { type FixedField, fix, fixedMoves } from './fixed-fields.ts'
import { oncePerMemory } from './once-per-memory.ts'

/** A register that is the same in a VMCS: a field of the state, which RFLAGS is whole, or RSP. */
export type MovedRegister = StateField | 'RSP'

interface Moved {
  readonly place: Vmcs12Place
  readonly register: MovedRegister
}

const rsp = gprIndex('RSP')

/** Fields of a VMCS that are registers, as one function of machine code where an engine makes one: else one by one. */
export class MovedFields {
  readonly #moved: readonly Moved[]
  readonly #fixed: readonly FixedField[]
  readonly #movesIn = oncePerMemory((memory) => this.#compiled(memory))

  /** Loading them, others become what they are always. */
  constructor(rows: readonly (readonly [Vmcs12Field, MovedRegister])[], fixed: readonly FixedField[] = []) {
    this.#moved = rows.map(([field, register]) => ({
      place: vmcs12Places.find((place) => place.field === field)!,
      register,
    }))
    this.#fixed = fixed
  }

  /** Registers from a VMCS. */
  load(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
    const { stateMemory } = registers
    if (vmcs.isBeside(stateMemory)) return void this.#movesIn(stateMemory).load()
    for (const { place, register } of this.#moved) write(registers, register, vmcs.read(place.field))
    for (const row of this.#fixed) fix(registers, row)
  }

  /** Registers into a VMCS. */
  save(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
    const { stateMemory } = registers
    if (vmcs.isBeside(stateMemory)) return void this.#movesIn(stateMemory).save()
    for (const { place, register } of this.#moved) vmcs.write(place.field, read(registers, register))
  }

  /** What `load` moves where a VMCS is beside the state. */
  loads(memory: StateMemory): readonly StateMove[] {
    const moves = this.#moved.map((one) => placesOf(one, memory))
    return [...moves.map(({ vmcs, state }) => ({ to: state, from: vmcs })), ...fixedMoves(this.#fixed, memory)]
  }

  /** The same of `save`. */
  saves(memory: StateMemory): readonly StateMove[] {
    const moves = this.#moved.map((one) => placesOf(one, memory))
    return moves.map(({ vmcs, state }) => ({ to: vmcs, from: state }))
  }

  #compiled(memory: StateMemory) {
    const compile = memory.compile!
    return { load: compile(this.loads(memory)), save: compile(this.saves(memory)) }
  }
}

function placesOf({ place, register }: Moved, memory: StateMemory) {
  const vmcs: StatePlace = { offset: memory.beside!.offset + place.offset, bytes: place.bytes }
  return { vmcs, state: placeOf(register, memory) }
}

function placeOf(register: MovedRegister, memory: StateMemory): StatePlace | 'RFLAGS' {
  if (register === 'RFLAGS') return register
  if (register === 'RSP') return { offset: memory.gprOffset(rsp), bytes: 8 }
  return { offset: memory.offset(register), bytes: stateFields[register] / 8 }
}

function read(registers: ProcessorRegisters, register: MovedRegister): bigint {
  if (register === 'RFLAGS') return registers.rflags()
  return register === 'RSP' ? registers.gpr(rsp) : registers.get(register)
}

function write(registers: ProcessorRegisters, register: MovedRegister, value: bigint): void {
  if (register === 'RFLAGS') registers.setRflags(value)
  else if (register === 'RSP') registers.setGpr(rsp, value)
  else registers.set(register, value)
}
