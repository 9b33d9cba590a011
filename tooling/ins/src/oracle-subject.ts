import { Oracle, type State } from '@vmm/oracle'
import type { StateField } from '@vmm/x86-registers'
import type { Ending } from './case.ts'
import { casePorts } from './case-ports.ts'
import { memoryBytes } from './environments.ts'
import { faultOf, patience, type Subject, type Surroundings } from './subject.ts'

const all64 = (1n << 64n) - 1n

/** The oracle as a subject. */
export class OracleSubject implements Subject {
  readonly name = 'oracle'
  readonly #memory = new Uint8Array(memoryBytes)
  readonly #oracle: Oracle
  readonly #state: State
  #surroundings: Surroundings = { answers: new Map(), told: new Map() }

  constructor() {
    const memory = this.#memory
    this.#oracle = new Oracle({
      memory: {
        read: (address) => memory[address],
        write: (address, byte) => {
          if (address >= memoryBytes) return false
          memory[address] = byte
          return true
        },
      },
      ports: casePorts(() => this.#surroundings),
    })
    this.#state = this.#oracle.state
  }

  /** The oracle keeps nothing between instructions. */
  enter(): void {}

  gpr(index: number): bigint {
    return this.#state.gprs[index]!
  }

  setGpr(index: number, value: bigint): void {
    this.#state.gprs[index] = value
  }

  xmm(index: number): bigint {
    return this.#state.vectors[index]!
  }

  setXmm(index: number, value: bigint): void {
    this.#state.vectors[index] = value
  }

  x87(index: number): bigint {
    return (this.#state.signExponents[index]! << 64n) | this.#state.significands[index]!
  }

  setX87(index: number, value: bigint): void {
    this.#state.significands[index] = value & all64
    this.#state.signExponents[index] = value >> 64n
  }

  field(field: StateField): bigint {
    return this.#state.get(field)
  }

  setField(field: StateField, value: bigint): void {
    this.#state.set(field, value)
  }

  rflags(): bigint {
    return this.#state.rflags
  }

  setRflags(value: bigint): void {
    this.#state.rflags = value
  }

  read(address: number, bytes: number): Uint8Array {
    return this.#memory.slice(address, address + bytes)
  }

  write(address: number, bytes: Uint8Array): void {
    this.#memory.set(bytes, address)
  }

  run(surroundings: Surroundings): Ending {
    this.#surroundings = surroundings
    const start = this.field('RIP')
    for (let round = 0; round < patience; round += 1) {
      const result = this.#oracle.step()
      if (result.kind === 'exit') return result
      if (result.kind === 'fault') return faultOf(this, result)
      if (this.field('RIP') !== start) return { kind: 'done' }
    }
    return { kind: 'done' }
  }
}
