import { createHash } from 'node:crypto'
import type { Outcome, Snippet } from '../cpu/snippet.ts'
import { unknownBits } from '../cpu/unknown-bits.ts'

const digits = 16

/** What somebody did in many states, as one number: who did otherwise in one of them has another. What nobody can foretell is left out. */
export class Answers {
  readonly #hash = createHash('sha256')
  readonly #mnemonic: string

  constructor(mnemonic: string) {
    this.#mnemonic = mnemonic
  }

  /** Counts what became of the next state. */
  add(snippet: Snippet, { vector, errorCode, address, rip, rflags, gprs, segments, fx, upper, data }: Outcome): void {
    const [error, at] = [vector === undefined ? 0 : errorCode, vector === pageFault ? address : 0n]
    const unknown = vector === undefined ? unknownBits(this.#mnemonic, snippet) : noneUnknown
    const known = gprs.map((value, index) => value & ~(unknown.get(index) ?? 0n))
    const end = BigUint64Array.of(BigInt(vector ?? -1), BigInt(error), at, rip, rflags)
    for (const each of [end, known, segments, fx, upper, data]) this.#hash.update(each)
  }

  /** Hexadecimal digits of all that was counted. */
  text(): string {
    return this.#hash.digest('hex').slice(0, digits)
  }
}

const pageFault = 14
const noneUnknown: ReadonlyMap<number, bigint> = new Map()
