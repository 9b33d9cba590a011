import { createDecoded, decode } from '@vmm/x86-decoder'
import { type OpcodePattern, parseOpcode, rows } from '@vmm/x86-opcodes'
import type { Random } from '../cpu/random.ts'

const mandatoryPrefixes = { any: [], NP: [], NFx: [], '66': [0x66], F2: [0xf2], F3: [0xf3] } as const
const maps = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const
const longest = 15

interface Form {
  readonly pattern: OpcodePattern
  readonly lockable: boolean
  readonly repeats: boolean
  readonly mnemonic: string
}

const forms: readonly Form[] = rows.map(({ opcode, attributes, mnemonic }) => ({
  pattern: parseOpcode(opcode),
  lockable: attributes.includes('lock'),
  repeats: attributes.includes('rep') || attributes.includes('repz'),
  mnemonic,
}))

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
      const bytes = this.#encode(this.#random.pick(this.#forms), codeSize)
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

  #encode({ pattern, lockable, repeats }: Form, codeSize: 16 | 32 | 64): Uint8Array {
    const random = this.#random
    const bytes: number[] = []
    if (random.once(lockable ? 3 : 60)) bytes.push(0xf0)
    if (random.once(repeats ? 2 : 40)) bytes.push(random.pick([0xf2, 0xf3]))
    if (random.once(5)) bytes.push(0x66)
    if (random.once(10)) bytes.push(0x67)
    if (random.once(8)) bytes.push(random.pick([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]))
    bytes.push(...(pattern.space === 'VEX' ? this.#vex(pattern) : this.#legacy(pattern, codeSize)))
    const rest = random.bytes(longest + 1)
    // displacements and immediates are small more often than not
    if (!random.once(4)) for (let at = 1; at < 4; at += 1) rest[at] = random.pick([0, 0, 0, 0xff])
    return Uint8Array.from([...bytes, ...rest]).subarray(0, Math.max(longest, bytes.length))
  }

  #legacy(pattern: OpcodePattern, codeSize: 16 | 32 | 64): number[] {
    const random = this.#random
    const bytes: number[] = [...mandatoryPrefixes[pattern.mandatory]]
    if (codeSize === 64 && (pattern.w === 1 || random.once(2)))
      bytes.push(0x40 | (pattern.w === 1 ? 8 : 0) | random.below(16))
    bytes.push(...maps[pattern.map], pattern.byte | (pattern.register ? random.below(8) : 0))
    if (pattern.modrm.kind !== 'none') bytes.push(this.#modrm(pattern))
    return bytes
  }

  #vex(pattern: OpcodePattern): number[] {
    const random = this.#random
    const prefix = { any: 0, NP: 0, NFx: 0, '66': 1, F3: 2, F2: 3 }[pattern.mandatory]
    const third = ((pattern.w ?? random.below(2)) << 7) | (random.below(16) << 3) | ((pattern.l ?? 0) << 2) | prefix
    return [0xc4, (random.below(8) << 5) | pattern.map, third, pattern.byte, this.#modrm(pattern)]
  }

  #modrm({ modrm }: OpcodePattern): number {
    const any = this.#random.below(256)
    if (modrm.kind === 'digit') return (any & 0xc7) | (modrm.value << 3)
    if (modrm.kind === 'register') return modrm.value | (any & 7)
    return modrm.kind === 'exact' ? modrm.value : any
  }
}
