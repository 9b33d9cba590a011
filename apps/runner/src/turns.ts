import type { KvmVcpu } from '@vmm/kvm'

/**
 * Instructions of a turn: so many that taking turns costs little, and so few that nobody waits long for a lock or an answer.
 * Whoever spins or halts ends its turn before.
 */
const turnInstructions = 50_000

/** Whose turn it is, as plain data. */
export interface SavedTurns {
  /** Which of the vCPUs. */
  readonly current: number
  /** How many instructions of its turn are left. */
  readonly left: number
}

/** Who is run next, and for how long at most. */
export interface Turn {
  readonly vcpu: KvmVcpu
  readonly left: number
}

/**
 * The vCPUs of a machine take turns in one thread. Where a turn ends follows from what guests do and from nothing else, so that
 * runs that stop elsewhere in between do the same.
 */
export class Turns {
  readonly #vcpus: readonly KvmVcpu[]
  #current = 0
  /** What the current one has retired when its turn ends. */
  #end = turnInstructions

  constructor(vcpus: readonly KvmVcpu[]) {
    this.#vcpus = vcpus
  }

  /** The one whose turn it is; undefined if all of them wait. Who is alone is never told to wait for others. */
  next(): Turn | undefined {
    const vcpu = this.#vcpus[this.#current]!
    if (this.#vcpus.length === 1) return { vcpu, left: Number.POSITIVE_INFINITY }
    const left = this.#end - vcpu.instructions
    return left > 0 && vcpu.isReady ? { vcpu, left } : this.#pass()
  }

  /** Asked when the current one executes PAUSE: what it waits for may be for another to do. Whether its turn is over. */
  readonly endsByPause = (): boolean => {
    const current = this.#vcpus[this.#current]!
    if (!this.#vcpus.some((vcpu) => vcpu !== current && vcpu.isReady)) return false
    this.#end = current.instructions
    return true
  }

  /** Power-on: the first one begins. */
  reset(): void {
    this.restore({ current: 0, left: turnInstructions })
  }

  save(): SavedTurns {
    return { current: this.#current, left: this.#end - this.#vcpus[this.#current]!.instructions }
  }

  /** Takes back what `save` gave; the counts of the vCPUs' instructions have been restored before. */
  restore({ current, left }: SavedTurns): void {
    this.#current = current
    this.#end = this.#vcpus[current]!.instructions + left
  }

  /** The turn of the next one that has something to do begins: of the current one itself, if there is no other. */
  #pass(): Turn | undefined {
    const count = this.#vcpus.length
    for (let step = 1; step <= count; step += 1) {
      const index = (this.#current + step) % count
      const vcpu = this.#vcpus[index]!
      if (!vcpu.isReady) continue
      this.restore({ current: index, left: turnInstructions })
      return { vcpu, left: turnInstructions }
    }
    return undefined
  }
}
