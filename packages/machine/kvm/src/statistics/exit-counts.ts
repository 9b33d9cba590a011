import type { VcpuExit } from '@vmm/vcpu'
import type { Answer } from '../answer.ts'

const namesOf: Readonly<Partial<Record<VcpuExit['kind'], string>>> = {
  io: 'io_exits',
  mmio: 'mmio_exits',
  hlt: 'halt_exits',
  hypercall: 'hypercalls',
  'irq-window-open': 'irq_window_exits',
}

/** Counts how KVM_RUN comes back, under the names of a vCPU's statistics. */
export class ExitCounts {
  readonly #counts = new Map<string, number>()

  /** A run came back. */
  count(answer: Answer<VcpuExit>): void {
    this.#add('exits')
    const name = answer.kind === 'done' ? namesOf[answer.value.kind] : 'signal_exits'
    if (name !== undefined) this.#add(name)
  }

  of(name: string): bigint | undefined {
    const count = this.#counts.get(name)
    return count === undefined ? undefined : BigInt(count)
  }

  #add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }
}
