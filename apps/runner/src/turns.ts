import type { KvmVcpu } from '@vmm/kvm'

/**
 * Instructions of a turn: so many that taking turns costs little, and so few that nobody waits long for a lock or an answer.
 * Whoever spins or halts ends its turn before, and whoever is alone has one without an end.
 */
const turnInstructions = 1_000_000
const endless = -1

/** Whose turn it is, as plain data. */
export interface SavedTurns {
  /** Which of the vCPUs. */
  readonly current: number
  /** How many instructions of its turn are left; below zero, there is no end. */
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
  /** What the current one has retired when its turn ends; `Infinity` while no other has anything to do. */
  #end = Number.POSITIVE_INFINITY

  constructor(vcpus: readonly KvmVcpu[]) {
    this.#vcpus = vcpus
  }

  /** The one whose turn it is; undefined if all of them wait. Of a machine with one, that one: whether it waits is its own to say. */
  next(): Turn | undefined {
    if (this.#vcpus.length === 1) return this.#turn()
    if (!this.#vcpu().isReady || this.#turn().left <= 0) return this.#pass()
    if (this.isOver()) this.#begin(this.#current)
    return this.#turn()
  }

  /** Asked while the current one runs that was alone: whether it is not so any more. */
  readonly isOver = (): boolean => this.#end === Number.POSITIVE_INFINITY && this.#othersAreReady()

  /** Asked when the current one executes PAUSE: what it waits for may be for another to do. Whether its turn is over. */
  readonly endsByPause = (): boolean => {
    if (!this.#othersAreReady()) return false
    this.#end = this.#vcpu().instructions
    return true
  }

  /** Power-on: the first one begins, and the others wait. */
  reset(): void {
    this.restore({ current: 0, left: endless })
  }

  save(): SavedTurns {
    const { left } = this.#turn()
    return { current: this.#current, left: left === Number.POSITIVE_INFINITY ? endless : left }
  }

  /** Takes back what `save` gave; the counts of the vCPUs' instructions have been restored before. */
  restore({ current, left }: SavedTurns): void {
    this.#current = current
    this.#end = left < 0 ? Number.POSITIVE_INFINITY : this.#vcpu().instructions + left
  }

  #vcpu(): KvmVcpu {
    return this.#vcpus[this.#current]!
  }

  #turn(): Turn {
    const vcpu = this.#vcpu()
    return { vcpu, left: this.#end - vcpu.instructions }
  }

  #othersAreReady(): boolean {
    const current = this.#current
    return this.#vcpus.some((vcpu, index) => index !== current && vcpu.isReady)
  }

  /** The turn of the next one that has something to do begins: of the current one itself, if there is no other. */
  #pass(): Turn | undefined {
    const count = this.#vcpus.length
    for (let step = 1; step <= count; step += 1) {
      const index = (this.#current + step) % count
      if (!this.#vcpus[index]!.isReady) continue
      this.#begin(index)
      return this.#turn()
    }
    return undefined
  }

  #begin(index: number): void {
    this.#current = index
    this.#end = this.#othersAreReady() ? this.#vcpu().instructions + turnInstructions : Number.POSITIVE_INFINITY
  }
}
