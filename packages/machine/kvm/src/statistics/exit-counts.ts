import type { Tally, VcpuExit } from '@vmm/vcpu'
import type { Answer } from '../answer.ts'

/** What is counted of a guest, by the name of its statistic. */
const ofTally: Readonly<Record<string, (tally: Tally) => number>> = {
  exits: ({ exits }) => exits,
  io_exits: ({ io }) => io,
  halt_exits: ({ halts }) => halts,
  hypercalls: ({ hypercalls }) => hypercalls,
  insn_emulation: ({ emulated }) => emulated,
  insn_emulation_fail: ({ emulationFailures }) => emulationFailures,
  irq_injections: ({ interrupts }) => interrupts,
  nmi_injections: ({ nmis }) => nmis,
}

/** Counts what brings a guest to KVM, and why KVM_RUN comes back, under the names of a vCPU's statistics. */
export class ExitCounts {
  readonly #tally: Tally
  #memory = 0
  #windows = 0
  #signals = 0

  constructor(tally: Tally) {
    this.#tally = tally
  }

  /** A run came back. `immediate_exit`, which brings it back before anything is looked at, is no signal. */
  count(answer: Answer<VcpuExit>, atOnce: boolean): void {
    if (answer.kind === 'refused') {
      if (answer.errno === 'EINTR' && !atOnce) this.#signals += 1
    } else if (answer.value.kind === 'mmio') this.#memory += 1
    else if (answer.value.kind === 'irq-window-open') this.#windows += 1
  }

  /** Undefined where nobody counts it: it is told as 0. */
  of(name: string): bigint | undefined {
    if (name === 'mmio_exits') return BigInt(this.#memory)
    if (name === 'request_irq_exits') return BigInt(this.#windows)
    if (name === 'signal_exits') return BigInt(this.#signals)
    const counted = ofTally[name]
    return counted === undefined ? undefined : BigInt(counted(this.#tally))
  }
}
