import type {
  AnyOperand,
  Bits,
  Machine,
  Memory,
  Operand,
  Place,
  RegisterOperand,
  Target,
  Width,
} from '@vmm/x86-semantics'
import { accessKind } from '../access.ts'
import type { Node } from '../emit/node.ts'
import { at, inRecord } from '../state-layout.ts'
import type { Frame } from './frame.ts'
import type { MemoryReading, Translated } from './memory.ts'
import { bitsOf, nodeOf } from './value.ts'
import { lowBits } from './widths.ts'

const slots = [inRecord.a, inRecord.b, inRecord.c]

/** Bytes from the vCPU block to a register that is known by number. */
export function registerOffset(file: RegisterOperand<Width>['file'], index: number, highByte: boolean): number {
  switch (file) {
    case 'gpr':
      return at.gpr + index * 8 + (highByte ? 1 : 0)
    case 'mmx':
      return at.x87 + index * 16
    case 'xmm':
      return at.vector + index * 64
    default:
      throw new Error(`${file} registers are no plain operands`)
  }
}

const code32 = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load', 64: 'i64.load', 128: 'v128.load' } as const
const store32 = { 8: 'i32.store8', 16: 'i32.store16', 64: 'i64.store', 128: 'v128.store' } as const

/** Operands of the instruction, from its record or fixed by its description. */
export class OperandReading {
  readonly #frame: Frame
  readonly #memory: MemoryReading
  readonly #translated = new Map<number, Translated>()

  constructor(frame: Frame, memory: MemoryReading) {
    this.#frame = frame
    this.#memory = memory
  }

  readonly read: Machine['read'] = <W extends Width>(operand: Operand<W>): Bits<W> => {
    const any = operand as AnyOperand
    switch (any.kind) {
      case 'register':
        return this.#readRegister(any) as unknown as Bits<W>
      case 'immediate':
        return this.#immediate(any.width as W, any.value, any.position)
      case 'relative':
        return this.#target(any) as unknown as Bits<W>
      case 'memory':
        return this.#readMemory(any as Memory<8>) as unknown as Bits<W>
      case 'far':
        throw new Error('the halves of a far pointer are read one by one')
      default:
        return any satisfies never
    }
  }

  readonly write: Machine['write'] = <W extends Width>(place: Place<W>, value: Bits<W>): void => {
    if (place.kind === 'register') return this.#writeRegister(place, nodeOf(value))
    const translated = this.#translated.get(place.position)
    if (translated !== undefined) return this.#memory.storeTranslated(translated, value as unknown as Bits<64>)
    const kind = this.#memory.kindOf('operand', place.width / 8, accessKind.write)
    this.#memory.store(this.#linear(kind), value as unknown as Bits<64>, kind, 'program')
  }

  readonly address: Machine['address'] = () => bitsOf(this.offset(), 64)

  readonly popInto: Machine['popInto'] = (to, value, bytes) => {
    const { code, cpu, mode } = this.#frame
    // the address may be relative to RSP: it moves first and is put back if the store faults
    const old = code.hold(code.load('i64.load', cpu, at.gpr + 4 * 8))
    const width = mode.stackSize
    const moved = code.op('i64.add', old, code.i64(BigInt(bytes)))
    const mask = { 16: 0xffffn, 32: 0xffff_ffffn, 64: -1n }[width]
    const kept = width === 16 ? code.op('i64.and', old, code.i64(~0xffffn)) : code.i64(0n)
    code.store('i64.store', cpu, code.op('i64.or', code.op('i64.and', moved, code.i64(mask)), kept), at.gpr + 4 * 8)
    this.#frame.restore = () => code.store('i64.store', cpu, old, at.gpr + 4 * 8)
    this.write(to, value)
    this.#frame.restore = undefined
  }

  /** The effective address: an offset in the operand's segment. */
  offset(): Node {
    const { code, cpu, record, address, runtime } = this.#frame
    if (address === 'absolute') return code.loadConstant('i64.load', record.get(), inRecord.immediate)
    if (address === 'narrow') return this.#narrowOffset()
    if (address === 'general') return code.call(runtime.offset, [cpu, record.get()], ['i64'])[0]!
    const register = (slot: number) =>
      code.load('i64.load', code.op('i32.add', cpu, code.loadConstant('i32.load16_u', record.get(), slot)))
    const scale = code.op('i64.extend_i32_u', code.loadConstant('i32.load8_u', record.get(), inRecord.scale))
    const scaled = code.op('i64.shl', register(inRecord.indexRegister), scale)
    const displacement = code.loadConstant('i64.load32_s', record.get(), inRecord.displacement)
    return code.op('i64.add', code.op('i64.add', register(inRecord.base), scaled), displacement)
  }

  /** Sums wrap at the address size. */
  #narrowOffset(): Node {
    const { code, cpu, record, mode } = this.#frame
    const register = (slot: number) =>
      code.load('i32.load', code.op('i32.add', cpu, code.loadConstant('i32.load16_u', record.get(), slot)))
    const scale = code.loadConstant('i32.load8_u', record.get(), inRecord.scale)
    const scaled = code.op('i32.shl', register(inRecord.indexRegister), scale)
    const displacement = code.loadConstant('i32.load', record.get(), inRecord.displacement)
    const sum = code.op('i32.add', code.op('i32.add', register(inRecord.base), scaled), displacement)
    const offset = mode.addressSize === 16 ? code.op('i32.and', sum, code.i32(0xffff)) : sum
    return code.op('i64.extend_i32_u', offset)
  }

  #linear(kind: number): Node {
    return this.#memory.linearOf('operand', this.offset(), kind)
  }

  #readRegister(register: RegisterOperand<Width>): Bits<Width> {
    const { code } = this.#frame
    const width = register.width as keyof typeof code32
    const [address, offset] = this.#place(register)
    return bitsOf(code.load(code32[width], address, offset), register.width)
  }

  /** A 32-bit write clears the upper half; 8 and 16 bits leave the rest alone. */
  #writeRegister(register: RegisterOperand<Width>, node: Node): void {
    const { code } = this.#frame
    const [address, offset] = this.#place(register)
    // an MMX register is the significand of an x87 one, whose sign and exponent become all ones
    if (register.file === 'mmx') code.store('i32.store16', address, code.i32(0xffff), offset + 8)
    if (register.width === 32 && register.file === 'gpr') {
      code.store('i64.store', address, code.op('i64.extend_i32_u', node), offset)
    } else if (register.width === 32) code.store('i32.store', address, node, offset)
    else code.store(store32[register.width as keyof typeof store32], address, lowBits(node, register.width), offset)
  }

  #place(register: RegisterOperand<Width>): [Node, number] {
    const { code, cpu, record } = this.#frame
    if (register.index !== undefined) return [cpu, registerOffset(register.file, register.index, register.highByte)]
    const slot = slots[register.position]
    if (slot === undefined) throw new Error(`operand ${register.position} has no slot in a record`)
    return [code.op('i32.add', cpu, code.loadConstant('i32.load16_u', record.get(), slot)), 0]
  }

  /** The first immediate is the record's; a second one sits where a displacement would. */
  #immediate<W extends Width>(width: W, known: bigint | undefined, position: number): Bits<W> {
    const { code, record } = this.#frame
    if (known !== undefined) {
      return bitsOf(
        width === 64 ? code.i64(known) : code.i32(Number(BigInt.asIntN(32, BigInt.asUintN(width, known)))),
        width,
      )
    }
    if (position >= secondImmediate)
      return bitsOf(code.loadConstant('i32.load', record.get(), inRecord.displacement), width)
    return bitsOf(code.loadConstant(width === 64 ? 'i64.load' : 'i32.load', record.get(), inRecord.immediate), width)
  }

  #target({ width }: Target): Bits<64> {
    const { code, cpu, record, mode } = this.#frame
    const distance = code.loadConstant('i64.load', record.get(), inRecord.immediate)
    const target = code.op('i64.add', code.load('i64.load', cpu, at.blockRip), distance)
    const mask = { 16: 0xffffn, 32: 0xffff_ffffn, 64: -1n }[mode.operandSize]
    return bitsOf(code.op('i64.and', target, code.i64(mask)), width)
  }

  #readMemory(memory: Memory<8 | 16 | 32 | 64 | 128>): Bits<8 | 16 | 32 | 64 | 128> {
    const bytes = memory.width / 8
    if (!this.#frame.modified.has(memory.position)) {
      const kind = this.#memory.kindOf('operand', bytes)
      return this.#memory.load(this.#linear(kind), memory.width, kind, 'program')
    }
    let translated = this.#translated.get(memory.position)
    if (translated === undefined) {
      const kind = this.#memory.kindOf('operand', bytes, accessKind.write)
      translated = this.#memory.translate(this.#linear(kind), bytes, kind)
      this.#translated.set(memory.position, translated)
    }
    return this.#memory.loadTranslated(translated, memory.width)
  }
}

/** Positions from here on are second immediates (ENTER, far pointers, EXTRQ). */
export const secondImmediate = 8
