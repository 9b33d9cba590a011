import { type ProcessorState, stateOfEngine } from '@vmm/processors'
import { Engine } from '@vmm/wasm-engine'
import type { Ending } from './case.ts'
import { casePorts } from './case-ports.ts'
import { type Environment, memoryBytes } from './environments.ts'
import { faultOf, patience, type Subject, type Surroundings } from './subject.ts'

/** The WebAssembly engine as a subject: one engine for all cases, its state set anew for each. */
export class EngineSubject implements Subject {
  readonly name = 'wasm-engine'
  readonly state: ProcessorState
  readonly #engine: Engine
  #surroundings: Surroundings = { answers: new Map(), told: new Map() }
  #environment: Environment | undefined

  constructor() {
    this.#engine = new Engine({
      slots: [{ address: 0, bytes: memoryBytes }],
      ports: casePorts(() => this.#surroundings),
    })
    this.state = stateOfEngine(this.#engine)
  }

  enter(environment: Environment): void {
    if (this.#environment === environment) return
    this.#environment = environment
    // page tables and descriptors of another environment may still be known
    this.#engine.tlb.flushAll()
  }

  read(address: number, bytes: number): Uint8Array {
    return this.#engine.physical(address)!.slice(0, bytes)
  }

  write(address: number, bytes: Uint8Array): void {
    if (!this.#engine.writePhysical(address, bytes)) throw new Error(`no memory at ${address.toString(16)}`)
  }

  run(surroundings: Surroundings): Ending {
    this.#surroundings = surroundings
    const engine = this.#engine
    engine.modeChanged()
    const start = engine.get('RIP')
    for (let round = 0; round < patience; round += 1) {
      const stop = engine.run(1)
      if (stop.kind === 'exit') return { kind: 'exit', reason: stop.reason }
      if (stop.kind === 'fault') return faultOf(this, stop)
      if (engine.get('RIP') !== start) return { kind: 'done' }
    }
    return { kind: 'done' }
  }
}
