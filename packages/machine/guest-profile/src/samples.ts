import { Frames, type Names } from './frames.ts'
import type { NamedSample, Sample, Stretch } from './sample.ts'

/** A viewer draws so many with ease, and a run of any length has no more. */
const mostSamples = 16_384

/**
 * Samples of a run, of which there are never more than a viewer draws: when there are, of every two one stands for both, and samples
 * are taken half as often. What is kept depends on counts of instructions alone.
 */
export class Samples {
  readonly #most: number
  readonly #spaces = new Map<bigint, number>()
  #named: readonly NamedSample[] = []
  #taken: Sample[] = []
  /** Instructions from one sample to the next. */
  every: number

  constructor(every: number, most = mostSamples) {
    this.every = every
    this.#most = most
  }

  /** Takes one more. */
  take(sample: Sample): void {
    this.#taken.push(sample)
    if (this.#named.length + this.#taken.length <= this.#most) return
    this.#named = halved(this.#named)
    this.#taken = halved(this.#taken)
    this.every *= 2
  }

  /** Names all that have been taken and have no names: from here on the guest may be another one. */
  name(names: Names): void {
    const frames = new Frames(names, this.#spaces)
    const named = this.#taken.map(({ stack: _done, ...sample }, index) => ({
      ...sample,
      ...frames.of(this.#taken[index]!),
    }))
    this.#named = [...this.#named, ...named]
    this.#taken = []
  }

  /** Those that have names, in the order of time. */
  get named(): readonly NamedSample[] {
    return this.#named
  }
}

/** Of every two samples of a processor the second one, for both. */
function halved<S extends Sample>(samples: readonly S[]): S[] {
  const kept: S[] = []
  const waiting = new Map<number, S>()
  for (const sample of samples) {
    const before = waiting.get(sample.vcpu)
    if (before === undefined) waiting.set(sample.vcpu, sample)
    else {
      waiting.delete(sample.vcpu)
      kept.push(both(before, sample))
    }
  }
  // whoever waits for a second one is alone
  return [...kept, ...waiting.values()].sort((a, b) => a.guest.to - b.guest.to)
}

function both<S extends Sample>(first: S, second: S): S {
  const stretch = (a: Stretch, b: Stretch): Stretch => ({ to: b.to, ran: a.ran + b.ran })
  return {
    ...second,
    instructions: first.instructions + second.instructions,
    guest: stretch(first.guest, second.guest),
    host: stretch(first.host, second.host),
  }
}
