import { type EngineVariant, engineOf, engineVariants, type ProcessorState, stateOfEngine } from '@vmm/processors'
import type { Engine } from '@vmm/wasm-engine'
import type { Ending } from './case.ts'
import { casePorts } from './case-ports.ts'
import { type Environment, memoryBytes } from './environments.ts'
import { faultOf, patience, type Subject, type Surroundings } from './subject.ts'

/** JMP to itself, in code of every size. */
const turningInPlace = [0xeb, 0xfe] as const
/** Instructions that are asked for at once where there is a block. */
const blockBudget = 64

/**
 * The WebAssembly engine as a subject: one engine for all cases, its state set anew for each. An instruction is run alone, or as
 * the first of a block that ends in a jump to itself, by which nothing changes.
 */
export class EngineSubject implements Subject {
  readonly name: string
  readonly state: ProcessorState
  readonly #engine: Engine
  readonly #where: 'alone' | 'in a block'
  #surroundings: Surroundings = { answers: new Map(), told: new Map() }
  #environment: Environment | undefined
  #control: readonly [cr3: bigint, cr4: bigint] = [0n, 0n]

  constructor(variant: EngineVariant = engineVariants[0], where: 'alone' | 'in a block' = 'alone') {
    this.name = `wasm-engine, ${variant.name}`
    this.#where = where
    this.#engine = engineOf(variant, {
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
    const isCode = this.#where === 'in a block' && address === this.#environment?.code
    const written = isCode ? Uint8Array.of(...bytes, ...turningInPlace) : bytes
    if (!this.#engine.writePhysical(address, written)) throw new Error(`no memory at ${address.toString(16)}`)
  }

  /** A case that has another CR3 or CR4 is told of as whoever runs the engine tells. */
  #followControl(): void {
    const engine = this.#engine
    const control = [engine.get('CR3'), engine.get('CR4')] as const
    if (control[0] === this.#control[0] && control[1] === this.#control[1]) return engine.modeChanged()
    this.#control = control
    engine.flushTranslations()
  }

  run(surroundings: Surroundings): Ending {
    this.#surroundings = surroundings
    const engine = this.#engine
    this.#followControl()
    const start = engine.get('RIP')
    const budget = this.#where === 'alone' ? 1 : blockBudget
    for (let round = 0; round < patience; round += 1) {
      const stop = engine.run(budget)
      if (stop.kind === 'exit') return { kind: 'exit', reason: stop.reason }
      if (stop.kind === 'fault') return faultOf(this, stop)
      if (engine.get('RIP') !== start) return { kind: 'done' }
    }
    return { kind: 'done' }
  }
}
