import { createDecoded, createDecoder } from '@vmm/x86-decoder'
import { rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { encoded, type Form, formOf, type Habits } from '../cpu/encoding.ts'
import type { Random } from '../cpu/random.ts'

const habits: Habits = { lock: 60, repeat: 40, operandSize: 5, addressSize: 10, segment: 8, vexEverywhere: false }
/** Instructions of VMX are #UD to those who have no hypervisor: noise has them, too. Seeds of what was found go by the number of forms. */
const forms: readonly Form[] = rows.filter((row) => isExecuted(row) && row.needs !== 'VMX').map(formOf)
const { decode } = createDecoder(isExecuted)

/** Bytes of random instructions. Most come from the opcode rows and decode; some are anything. */
export class InstructionBytes {
  readonly #random: Random
  readonly #forms: readonly Form[]
  readonly #decoded = createDecoded()

  /** `only`: instructions of one mnemonic alone. */
  constructor(random: Random, only?: string) {
    this.#random = random
    this.#forms = only === undefined ? forms : forms.filter(({ mnemonic }) => mnemonic === only)
  }

  /** An instruction that decodes for a code size. */
  instruction(codeSize: 16 | 32 | 64): Uint8Array {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const bytes = encoded(this.#random, this.#random.pick(this.#forms), codeSize, habits)
      if (decode(bytes, 0, bytes.length, codeSize, this.#decoded) === undefined)
        return bytes.slice(0, this.#decoded.length)
    }
    return Uint8Array.of(0x90)
  }

  /** Bytes that may be anything, with opcodes and prefixes more often than chance would have them. */
  noise(count: number): Uint8Array {
    const bytes = this.#random.bytes(count)
    for (let at = 0; at + 4 < count; at += 1 + this.#random.below(8)) {
      const kind = this.#random.below(6)
      if (kind === 0) bytes[at] = 0x0f
      else if (kind === 1) bytes[at] = this.#random.pick([0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x48, 0x2e, 0x65])
      else if (kind === 2) bytes.set(this.instruction(this.#random.pick([16, 32, 64])).subarray(0, count - at), at)
    }
    return bytes
  }
}
