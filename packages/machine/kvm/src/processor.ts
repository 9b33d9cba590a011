import type { Profile } from '@vmm/rule'
import { Vcpu } from '@vmm/vcpu'
import { Engine, type GuestSlots, type MemorySlot } from '@vmm/wasm-engine'
import { createVcpuMachine } from './vcpu-machine.ts'

/** The engine of a VM and the vCPU over it, which has no CPUID table until it is given one. */
export class Processor {
  readonly vcpu: Vcpu
  readonly #engine: Engine

  constructor(memoryBytes: number, kernel: Profile) {
    let engine: Engine | undefined
    this.vcpu = new Vcpu({
      cpuid: [],
      kernel,
      machine: createVcpuMachine({ retired: () => engine?.retired() ?? 0 }),
      createEngine: (ports) => {
        engine = new Engine({ slots: [], memoryBytes, ports })
        return engine
      },
    })
    if (engine === undefined) throw new Error('a vCPU makes its engine')
    this.#engine = engine
  }

  get slots(): GuestSlots {
    return this.#engine.slots
  }

  /** Shows the guest these slots and no others. */
  show(slots: readonly (MemorySlot | undefined)[]): void {
    this.#engine.slots.replace(slots.filter((slot) => slot !== undefined))
  }
}
