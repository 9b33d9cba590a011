import { arithmeticMask, type StateField, stateFields } from '@vmm/x86-registers'

/** Everything that a vCPU is, as plain values. Registers that code can name by number are arrays. */
export class State {
  readonly #fields = new Map<StateField, bigint>()
  /** Sixteen, in the order of the encoding. */
  readonly gprs: bigint[] = Array.from({ length: 16 }, () => 0n)
  /** YMM registers: 256 bits each, of which XMM is the lower half. */
  readonly vectors: bigint[] = Array.from({ length: 32 }, () => 0n)
  /** x87 registers by physical number: 64 bits of significand, 16 of sign and exponent. */
  readonly significands: bigint[] = Array.from({ length: 8 }, () => 0n)
  readonly signExponents: bigint[] = Array.from({ length: 8 }, () => 0n)
  /** The six arithmetic flags at their places; RFLAGS has the others. */
  flags = 0n

  get(field: StateField): bigint {
    return this.#fields.get(field) ?? 0n
  }

  set(field: StateField, value: bigint): void {
    this.#fields.set(field, BigInt.asUintN(stateFields[field], value))
  }

  /** All of RFLAGS. */
  get rflags(): bigint {
    return this.get('RFLAGS') | this.flags | 2n
  }

  set rflags(value: bigint) {
    this.flags = value & arithmeticMask
    this.set('RFLAGS', (value & ~arithmeticMask) | 2n)
  }

  /** Becomes what another one is. */
  copy(other: State): void {
    this.#fields.clear()
    for (const [field, value] of other.#fields) this.#fields.set(field, value)
    for (const name of ['gprs', 'vectors', 'significands', 'signExponents'] as const)
      this[name].splice(0, this[name].length, ...other[name])
    this.flags = other.flags
  }
}
