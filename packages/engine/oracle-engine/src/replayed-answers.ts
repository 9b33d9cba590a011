import type { EnginePorts } from '@vmm/vcpu'
import type { Answers, Asked, Effect } from './recorded-ports.ts'

/** Somebody asks something else than was asked, or more. It never leaves the package. */
export class Departure {
  readonly says: string

  constructor(says: string) {
    this.says = says
  }
}

/** Which of the values that a port is given tell what is asked. `count` of REP INS is how much an engine asks for at once. */
const telling: Partial<Record<keyof EnginePorts, number>> = { portIn: 2 }

/** The answers of a slice given once more, in their order, to somebody who must ask the same. */
export class ReplayedAnswers implements Answers {
  readonly #asked: readonly Asked[]
  readonly #apply: (effect: Effect) => void
  #next = 0

  constructor(asked: readonly Asked[], apply: (effect: Effect) => void) {
    this.#asked = asked
    this.#apply = apply
  }

  /** What was asked and has not been asked again. */
  get left(): readonly Asked[] {
    return this.#asked.slice(this.#next).filter((asked) => !isFetch(asked))
  }

  /** What was asked up to what was asked last. */
  get used(): readonly Asked[] {
    return this.#asked.slice(0, this.#next)
  }

  answer(name: keyof EnginePorts, given: readonly unknown[]): unknown {
    if (name === 'unreachable') return false
    if (name === 'touched') return true
    if (name === 'mmioRead' && given[2] === 'fetch') return this.#fetched(given)
    const asked = this.#expected()
    if (asked === undefined) throw new Departure(`asks for ${say(name, given)}, and nothing was asked any more`)
    if (asked.name !== name || !isSame(name, asked.given, given))
      throw new Departure(`asks for ${say(name, given)} in place of ${say(asked.name, asked.given)}`)
    this.#next += 1
    for (const effect of asked.effects) this.#apply(effect)
    return asked.answer
  }

  /** Bytes of code are read ahead, as far as each reader likes. */
  #fetched(given: readonly unknown[]): unknown {
    const same = this.#asked.find((asked) => isFetch(asked) && asked.given[0] === given[0])
    return same?.answer
  }

  #expected(): Asked | undefined {
    while (this.#next < this.#asked.length && isFetch(this.#asked[this.#next]!)) this.#next += 1
    return this.#asked[this.#next]
  }
}

const isFetch = ({ name, given }: Asked): boolean => name === 'mmioRead' && given[2] === 'fetch'

function isSame(name: keyof EnginePorts, expected: readonly unknown[], given: readonly unknown[]): boolean {
  const count = telling[name] ?? expected.length
  return expected.slice(0, count).every((value, index) => numeric(value) === numeric(given[index]))
}

/** Numbers of 32 bits come with a sign or without. */
const numeric = (value: unknown): unknown =>
  typeof value === 'number' && value < 0 ? value >>> 0 : typeof value === 'bigint' ? BigInt.asUintN(64, value) : value

/** A question in words. */
export function say(name: keyof EnginePorts, given: readonly unknown[]): string {
  const words = given.map((value) =>
    typeof value === 'bigint' || typeof value === 'number' ? value.toString(16) : value,
  )
  return `${name}(${words.join(', ')})`
}
