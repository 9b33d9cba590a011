import { Oracle } from '@vmm/oracle'
import { type ProcessorState, plainMemory, stateOfOracle } from '@vmm/processors'
import type { Ending } from './case.ts'
import { casePorts } from './case-ports.ts'
import { memoryBytes } from './environments.ts'
import { faultOf, patience, type Subject, type Surroundings } from './subject.ts'

/** The oracle as a subject. */
export class OracleSubject implements Subject {
  readonly name = 'oracle'
  readonly state: ProcessorState
  readonly #memory = new Uint8Array(memoryBytes)
  readonly #oracle: Oracle
  #surroundings: Surroundings = { answers: new Map(), told: new Map() }

  constructor() {
    this.#oracle = new Oracle({
      memory: plainMemory(this.#memory),
      ports: casePorts(() => this.#surroundings),
    })
    this.state = stateOfOracle(this.#oracle)
  }

  /** The oracle keeps nothing between instructions. */
  enter(): void {}

  read(address: number, bytes: number): Uint8Array {
    return this.#memory.slice(address, address + bytes)
  }

  write(address: number, bytes: Uint8Array): void {
    this.#memory.set(bytes, address)
  }

  run(surroundings: Surroundings): Ending {
    this.#surroundings = surroundings
    const start = this.state.get('RIP')
    for (let round = 0; round < patience; round += 1) {
      const result = this.#oracle.step()
      if (result.kind === 'exit') return result
      if (result.kind === 'fault') return faultOf(this, result)
      if (this.state.get('RIP') !== start) return { kind: 'done' }
    }
    return { kind: 'done' }
  }
}
