import { createDecoded, createDecoder, type Decoded } from '@vmm/x86-decoder'
import { type Attribute, featuresOf, type OpcodeRow, rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { encoded, type Form, formOf, type Habits, longest } from './encoding.ts'
import { exclusions } from './exclusions.rows.ts'
import type { Random } from './random.ts'
import type { Snippet } from './snippet.ts'
import { States } from './states.ts'
import { isNobodys, wildBytes } from './wild.ts'

/** Bytes of the jump behind a snippet. */
const wayOut = 7
/** The vector by which 32-bit programs call Linux. */
const systemCall = 0x80
/** Some forms never come to anything that is judged. */
const mostAttempts = 100
const bothSizes = [32, 64] as const
const habits: Habits = { lock: 40, repeat: 30, operandSize: 6, addressSize: 12, segment: 30, vexEverywhere: true }

interface SizedForm extends Form {
  readonly row: OpcodeRow
  /** Where it exists. */
  readonly sizes: readonly (32 | 64)[]
}

const { decode } = createDecoder(isExecuted)
const forms: readonly SizedForm[] = rows
  .filter(isExecuted)
  .filter(({ mnemonic }) => !Object.hasOwn(exclusions, mnemonic))
  .map((row) => ({ ...formOf(row), row, sizes: sizesOf(row.opcode, row.attributes) }))

/** REX.W is not there in 32-bit code. */
export function sizesOf(opcode: string, attributes: readonly Attribute[]): readonly (32 | 64)[] {
  if (attributes.includes('not64')) return [32]
  return attributes.includes('only64') || opcode.includes('REX.W') ? [64] : [64, 32]
}

/** The mnemonics that are judged. */
export const judged: ReadonlySet<string> = new Set(forms.map(({ mnemonic }) => mnemonic))

/** Random snippets: instructions of every row, with operands in reach and values that matter. */
export class Generator {
  readonly #random: Random
  readonly #states: States
  readonly #forms: readonly SizedForm[]
  readonly #wild: boolean
  readonly #host: ReadonlySet<string> | undefined
  #turn = 0
  readonly #decoded = createDecoded()

  /** `host`: the features of the processor that is asked, if what it does not have is left out. */
  constructor(random: Random, { only, host }: { readonly only?: string; readonly host?: ReadonlySet<string> } = {}) {
    this.#host = host
    this.#random = random
    this.#states = new States(random)
    this.#wild = only === undefined
    const wanted = only === undefined ? forms : forms.filter(({ mnemonic }) => mnemonic === only)
    this.#forms = wanted.filter(({ row }) => this.#hasHost(row))
    if (this.#forms.length === 0) throw new RangeError(`no instruction ${only} is judged`)
  }

  /** Whether the processor that is asked has a row, of vectors of 256 bits too. */
  #hasHost(row: OpcodeRow): boolean {
    return this.#host === undefined || featuresOf(row, 256).every((name) => this.#host!.has(name))
  }

  /** Every form has its turn first, then chance has it. */
  next(): Snippet {
    const turn = this.#forms[this.#turn]
    this.#turn += 1
    for (let attempt = 0; ; attempt += 1) {
      const form = turn !== undefined && attempt < mostAttempts ? turn : this.#random.pick(this.#forms)
      const isWild = form !== turn && this.#wild && this.#random.once(8)
      const codeSize = isWild ? this.#random.pick(bothSizes) : this.#random.pick(form.sizes)
      const bytes = isWild ? wildBytes(this.#random, longest) : encoded(this.#random, form, codeSize, habits)
      const decoded = this.#decoded
      const failure = decode(bytes, 0, bytes.length, codeSize, decoded)
      if (isWild && failure === 'invalid' && isNobodys(bytes, codeSize)) return this.#states.refused(bytes, codeSize)
      if (failure !== undefined) continue
      if (unjudged(decoded, bytes) !== undefined || !this.#hasHost(rows[decoded.row]!)) continue
      const snippet = this.#states.around(decoded, bytes, codeSize)
      if (snippet !== undefined) return snippet
    }
  }
}

/** Why it is not judged: it would not come back, or processors do not agree about it. Undefined: it is. */
export function unjudged(decoded: Decoded, bytes: Uint8Array): string | undefined {
  const excluded = Object.hasOwn(exclusions, decoded.mnemonic) ? exclusions[decoded.mnemonic] : undefined
  if (excluded !== undefined) return excluded
  if (decoded.mnemonic === 'INT' && (decoded.operands[0]!.low & 0xff) === systemCall) return 'calls the system'
  if (pushesSegment(decoded)) return 'pushes 16 bits or 32, as the maker likes'
  if (staysNear(decoded)) return 'branches into itself'
  return isUndefined(decoded, bytes) ? 'processors differ' : undefined
}

/** Source: SDM 2B §4.3, PUSH: a selector is zero-extended, or written with a 16-bit move. */
const pushesSegment = ({ operands, count, mnemonic, operandSize }: Decoded): boolean =>
  mnemonic === 'PUSH' && count > 0 && operands[0]!.file === 'segment' && operandSize !== 16

/** Branches into themselves, or into the way out behind them: they would not come back, or not as they are. */
const staysNear = ({ operands, count, length }: Decoded): boolean =>
  count > 0 &&
  operands[0]!.kind === 'relative' &&
  operands[0]!.low >= -length &&
  operands[0]!.low < wayOut &&
  operands[0]!.low !== 0

/** Near branches with 66H: Intel's processors ignore it, AMD's do not; LOOP that repeats; double shifts of 16 bits by more. */
function isUndefined({ mnemonic, operandSize, operands, count, length }: Decoded, bytes: Uint8Array): boolean {
  const isBranch = (count > 0 && operands[0]!.kind === 'relative') || /^(CALL|JMP|RET)$/.test(mnemonic)
  const prefixes = bytes.subarray(0, length)
  if (isBranch) return [0x66, 0xf2, 0xf3].some((prefix) => prefixes.includes(prefix))
  if (operandSize !== 16 || !/^SH[LR]D$/.test(mnemonic)) return false
  const by = operands[count - 1]!
  return by.kind !== 'immediate' || (by.low & 31) > 16
}
