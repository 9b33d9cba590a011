import type { Code, Local } from '../emit/code.ts'
import { type HotBlock, isOnPageOf, type Order } from './graph.ts'

/** Pages that code lies on, by numbers: blocks have the same one if what is mapped for one is for the other. */
export class Pages {
  readonly #first: HotBlock[] = []

  numberOf(block: HotBlock): number {
    const known = this.#first.findIndex((each) => isOnPageOf(each, block))
    return known < 0 ? this.#first.push(block) - 1 : known
  }
}

/** So many are known by bits of a word; more are looked at each time. */
const bits = 32

/**
 * Pages of a region of which it is known, since it was entered, that they are still where they were when it was made: nothing in it
 * changes what is mapped.
 */
export class PagesSeen {
  readonly #code: Code
  readonly #seen: Local
  readonly #numbers: readonly (number | undefined)[]
  /** The page that it is entered at wherever it is entered, if that is one. */
  readonly #first: number | undefined

  constructor(code: Code, { blocks, choices }: Order) {
    this.#code = code
    this.#seen = code.permanent('i32')
    const pages = new Pages()
    this.#numbers = blocks.map((block) => block && pages.numberOf(block))
    const entered = new Set((choices.length === 0 ? [0] : choices).map((node) => this.#numbers[node]!))
    this.#first = entered.size === 1 ? [...entered][0] : undefined
  }

  /** A node is entered by who knows where its page is. */
  enter(node: number): void {
    const number = this.#numbers[node]!
    if (number === this.#first || number >= bits) return
    this.#seen.set(this.#code.op('i32.or', this.#seen.get(), this.#code.i32(1 << number)))
  }

  /** Before one node is entered from another: `look` leaves unless what the other's page was made for is there. */
  lookOnce(from: number, to: number, look: () => void): void {
    const [here, there] = [this.#numbers[from]!, this.#numbers[to]!]
    if (there === here || there === this.#first) return
    if (there >= bits) return look()
    const code = this.#code
    const isSeen = code.op('i32.and', this.#seen.get(), code.i32(1 << there))
    code.rarely(code.op('i32.eqz', isSeen), () => {
      look()
      this.enter(to)
    })
  }
}
