import { gprIndex, type ProcessorRegisters, type StateField, type StateMemory, stateFields } from '@vmm/x86-registers'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { type Vmcs12Field, type Vmcs12Place, vmcs12Places } from '../vmcs12/vmcs12.ts'
import { oncePerMemory } from './once-per-memory.ts'
import { type MovedPlace, WordMoves } from './word-moves.ts'

/** A register that is the same in a VMCS: a field of the state, or RSP. */
export type MovedRegister = StateField | 'RSP'

interface Moved {
  readonly place: Vmcs12Place
  readonly register: MovedRegister
}

const rsp = gprIndex('RSP')

/** Fields of a VMCS that are registers, by a table that is made once and gone through at each transition. */
export class MovedFields {
  readonly #moved: readonly Moved[]
  readonly #movesIn = oncePerMemory((memory) => movesOf(this.#moved, memory))

  constructor(rows: readonly (readonly [Vmcs12Field, MovedRegister])[]) {
    this.#moved = rows.map(([field, register]) => ({
      place: vmcs12Places.find((place) => place.field === field)!,
      register,
    }))
  }

  /** Registers from a VMCS. */
  load(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
    const { stateMemory } = registers
    if (stateMemory !== undefined) this.#movesIn(stateMemory).load(vmcs)
    else for (const { place, register } of this.#moved) write(registers, register, vmcs.read(place.field))
  }

  /** Registers into a VMCS. */
  save(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
    const { stateMemory } = registers
    if (stateMemory !== undefined) this.#movesIn(stateMemory).save(vmcs)
    else for (const { place, register } of this.#moved) vmcs.write(place.field, read(registers, register))
  }
}

const movesOf = (moved: readonly Moved[], memory: StateMemory): WordMoves =>
  new WordMoves(
    memory.buffer,
    moved.map((one) => placesOf(one, memory)),
  )

function placesOf({ place, register }: Moved, memory: StateMemory): MovedPlace {
  const isRsp = register === 'RSP'
  const offset = isRsp ? memory.gprOffset(rsp) : memory.offset(register)
  return { vmcs: place, state: { offset, bytes: isRsp ? 8 : stateFields[register] / 8 } }
}

function read(registers: ProcessorRegisters, register: MovedRegister): bigint {
  return register === 'RSP' ? registers.gpr(rsp) : registers.get(register)
}

function write(registers: ProcessorRegisters, register: MovedRegister, value: bigint): void {
  if (register === 'RSP') registers.setGpr(rsp, value)
  else registers.set(register, value)
}
