import { type CodeSize, createDecoded, createDecoder } from '@vmm/x86-decoder'
import { type Encoding, encodeForm, isAsked, type Modifiers } from './encode.ts'
import { AssemblerError } from './error.ts'
import { type Form, formsOf } from './forms.ts'
import { assumedWidth, type MatchContext, matches } from './match.ts'
import { type PlainOperand, sayOperand } from './operand.ts'
import { chosenByOperands, type SizeChoice, sizeChoices, widthOf } from './sizes.ts'

/** Where and how something is assembled. */
export interface EncodingContext {
  readonly codeSize: CodeSize
  readonly lowLabels: boolean
  readonly modifiers: Modifiers
  /** There are APX's instructions and R16 to R31. */
  readonly extended: boolean
}

/** The encodings of an instruction: one, or for a branch that may grow two. */
export interface Chosen {
  readonly encoding: Encoding
  /** The longer form of a branch whose short one is `encoding`. */
  readonly near: Encoding | undefined
}

interface Candidate {
  readonly encoding: Encoding
  readonly isShort: boolean
  readonly assumed: number | undefined
}

/** Finds the shortest encoding of an instruction. */
export function chooseEncoding(name: string, operands: readonly PlainOperand[], context: EncodingContext): Chosen {
  const forms = formsFor(name, context)
  if (forms.length === 0) throw new AssemblerError('no such mnemonic', { given: name })
  const reasons: string[] = []
  const candidates = forms.flatMap((form) => candidatesOf(form, operands, context, reasons))
  if (candidates.length === 0 && commutes.has(name)) {
    candidates.push(...forms.flatMap((form) => candidatesOf(form, [...operands].reverse(), context, reasons)))
  } else if (name === 'XCHG')
    candidates.push(...forms.flatMap((form) => candidatesOf(form, [...operands].reverse(), context, [])))
  if (candidates.length === 0) throw mistake(reasons[0] ?? 'no form takes these operands', name, operands, context)
  if (new Set(candidates.map(({ assumed }) => assumed)).size > 1)
    throw mistake('the size of memory is not known', name, operands, context)
  return chosenOf(candidates)
}

/** Finds the encoding of one form, which must be a row. */
export function chooseFor(form: Form, operands: readonly PlainOperand[], context: EncodingContext): Chosen {
  const reasons: string[] = []
  const candidates = candidatesOf(form, operands, context, reasons)
  if (candidates.length === 0)
    throw mistake(reasons[0] ?? 'the row does not take these operands', form.row.mnemonic, operands, context)
  return chosenOf(candidates)
}

/** Instructions whose operands can change places. */
const commutes: ReadonlySet<string> = new Set(['TEST', 'XCHG'])

function chosenOf(candidates: readonly Candidate[]): Chosen {
  const shortest = (list: readonly Candidate[]) =>
    list.reduce<Candidate | undefined>(
      (best, one) => (best === undefined || one.encoding.bytes.length < best.encoding.bytes.length ? one : best),
      undefined,
    )
  const encoding = shortest(candidates)!
  const near = encoding.isShort ? shortest(candidates.filter(({ isShort }) => !isShort)) : undefined
  return { encoding: encoding.encoding, near: near?.encoding }
}

function candidatesOf(
  form: Form,
  operands: readonly PlainOperand[],
  { codeSize, lowLabels, modifiers, extended }: EncodingContext,
  reasons: string[],
): Candidate[] {
  if (!extended && (isExtended(form) || operands.some(hasHighRegister))) return []
  if (form.row.attributes.includes(codeSize === 64 ? 'not64' : 'only64')) return []
  const found: Candidate[] = []
  for (const size of sizesFor(form, operands, codeSize, modifiers)) {
    const broadcast = isAsked(modifiers.broadcast) ? broadcastOf(form, size, modifiers) : 0
    if (broadcast === undefined) continue
    const context: MatchContext = { codeSize, sizes: size, lowLabels, broadcast }
    if (!matches(form, operands, context)) continue
    const encoding = encodeForm(form, operands, size, codeSize, modifiers)
    if (typeof encoding === 'string') {
      reasons.push(encoding)
      continue
    }
    if (!decodesTo(form, encoding, codeSize)) continue
    const isShort = form.places.some((place) => place.place === 'relative' && place.encoded === 8)
    found.push({ encoding, isShort, assumed: assumedWidth(form, operands, context) })
  }
  return found
}

/** The forms of a name that are asked for. */
function formsFor(name: string, { extended }: EncodingContext): readonly Form[] {
  const forms = formsOf(name)
  return extended ? forms : forms.filter((form) => !isExtended(form))
}

const isExtended = ({ row }: Form): boolean => row.needs?.startsWith('APX_F') === true

/** Whether an operand is, or is at, one of R16 to R31. */
function hasHighRegister(operand: PlainOperand): boolean {
  if (typeof operand !== 'object') return false
  if (operand.kind === 'register') return operand.file === 'gpr' && operand.index > 15
  if (operand.kind !== 'memory') return false
  return [operand.base, operand.index].some((one) => one?.kind === 'register' && hasHighRegister(one))
}

/** The operand sizes worth trying: all that operands can choose among, or what is asked for, or the default. */
function sizesFor(
  form: Form,
  operands: readonly PlainOperand[],
  codeSize: CodeSize,
  { operandSize }: Modifiers,
): readonly SizeChoice[] {
  const asked = form.operandSize ?? operandSize
  const all = sizeChoices(form, codeSize)
  if (asked !== undefined) return all.filter(({ size }) => size === asked)
  // near branches, stack and far instructions with unsized memory are as wide as the mode makes them
  const { attributes, operands: codes } = form.row
  const unsized = operands.some(
    (operand) => typeof operand === 'object' && operand.kind === 'memory' && operand.size === undefined,
  )
  const defaults = attributes.includes('default64') || attributes.includes('force64') || codes[0] === 'Mp'
  return chosenByOperands(form) && !(unsized && defaults) ? all : all.slice(0, 1)
}

/** Bits of an element that a form can broadcast, to as many as are asked for. */
function broadcastOf({ row, places }: Form, size: SizeChoice, { broadcast }: Modifiers): number | undefined {
  const bits = ([16, 32, 64] as const).find((one) => row.attributes.includes(`b${one}`))
  if (bits === undefined || typeof broadcast !== 'number') return bits
  const memory = places.find((place) => place.place === 'rm')
  const width = memory?.place === 'rm' && memory.memory !== undefined ? widthOf(memory.memory, size) : 0
  return width / bits === broadcast ? bits : undefined
}

const decoded = createDecoded()
const { decode } = createDecoder(() => true)

/** An encoding counts only if it means its row: 90H is no XCHG of EAX, MOV does not load CS. Reserved NOPs count always: later features took some of them. */
function decodesTo(form: Form, { bytes }: Encoding, codeSize: CodeSize): boolean {
  if (form.row.mnemonic === 'NOP' && form.row.attributes.includes('alias')) return true
  return decode(Uint8Array.from(bytes), 0, bytes.length, codeSize, decoded) === undefined && decoded.row === form.number
}

function mistake(
  why: string,
  name: string,
  operands: readonly PlainOperand[],
  context: EncodingContext,
): AssemblerError {
  const { codeSize } = context
  const forms = formsFor(name, context).map(({ row }) => `${row.opcode} (${row.operands.join(', ')})`)
  return new AssemblerError(`${why}, in ${codeSize}-bit code`, {
    given: name,
    operands: operands.map(sayOperand),
    forms,
  })
}
