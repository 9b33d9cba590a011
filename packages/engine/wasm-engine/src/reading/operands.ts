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
import type { MemoryReading } from './memory.ts'
import type { RegisterPlace } from './register-bank.ts'
import { bitsOf, highOf, nodeOf, pairOf } from './value.ts'
import { lowBits } from './widths.ts'

const stackPointer = at.gpr + 4 * 8

/** Slots of register operands by position. A fourth one is in the last byte of its instruction, which has no immediate then. */
export const registerSlots: readonly number[] = [inRecord.a, inRecord.b, inRecord.c, inRecord.immediate]

/** Bytes from the lower half of a YMM register to the upper one. */
const upperHalf = 16

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

const loads = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load', 64: 'i64.load', 128: 'v128.load' } as const
const stores = { 8: 'i32.store8', 16: 'i32.store16', 64: 'i64.store', 128: 'v128.store' } as const

/** Operands of the instruction, from its record or fixed by its description. */
export class OperandReading {
  readonly #frame: Frame
  readonly #memory: MemoryReading

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
    if (place.kind === 'register') return this.#writeRegister(place, value)
    const translated = this.#frame.translated.get(place.position)
    if (translated !== undefined) return this.#memory.storeTranslated(translated, value as unknown as Bits<64>)
    const kind = this.#memory.kindOf('operand', place.width / 8, accessKind.write)
    this.#memory.store(this.#linear(kind), value as unknown as Bits<64>, kind, 'program')
  }

  readonly address: Machine['address'] = () => bitsOf(this.offset(), 64)

  readonly indexed: Machine['indexed'] = (_, index) => {
    const { code, field, mode } = this.#frame
    const scale = code.op('i64.extend_i32_u', field('i32.load8_u', inRecord.scale))
    const sum = code.op('i64.add', this.offset(), code.op('i64.shl', nodeOf(index), scale))
    return bitsOf(mode.addressSize === 64 ? sum : code.op('i64.and', sum, code.i64(0xffff_ffffn)), 64)
  }

  readonly popInto: Machine['popInto'] = (to, value, bytes) => {
    const { code, bank, mode } = this.#frame
    // the address may be relative to RSP: it moves first and is put back if the store faults
    const old = code.hold(bank.load('i64.load', stackPointer))
    const width = mode.stackSize
    const moved = code.op('i64.add', old, code.i64(BigInt(bytes)))
    const mask = { 16: 0xffffn, 32: 0xffff_ffffn, 64: -1n }[width]
    const kept = width === 16 ? code.op('i64.and', old, code.i64(~0xffffn)) : code.i64(0n)
    bank.store('i64.store', stackPointer, code.op('i64.or', code.op('i64.and', moved, code.i64(mask)), kept))
    this.#frame.restore = () => bank.store('i64.store', stackPointer, old)
    this.write(to, value)
    this.#frame.restore = undefined
  }

  /** The effective address: an offset in the operand's segment. */
  offset(): Node {
    const { code, cpu, record, field, bank, mode, address, runtime } = this.#frame
    if (address === 'absolute') return field('i64.load', inRecord.immediate)
    if (address === 'narrow') return this.#narrowOffset()
    if (address === 'general') return code.call(runtime.offset, [cpu, record.get()], ['i64'])[0]!
    const register = (slot: number) => bank.load('i64.load', field('i32.load16_u', slot))
    const scale = code.op('i64.extend_i32_u', field('i32.load8_u', inRecord.scale))
    const scaled = code.op('i64.shl', register(inRecord.indexRegister), scale)
    const displacement = field('i64.load32_s', inRecord.displacement)
    const sum = code.op('i64.add', code.op('i64.add', register(inRecord.base), scaled), displacement)
    return address === 'known' && mode.addressSize === 32 ? code.op('i64.and', sum, code.i64(0xffff_ffffn)) : sum
  }

  /** Sums wrap at the address size. */
  #narrowOffset(): Node {
    const { code, field, bank, mode } = this.#frame
    const register = (slot: number) => bank.load('i32.load', field('i32.load16_u', slot))
    const scale = field('i32.load8_u', inRecord.scale)
    const scaled = code.op('i32.shl', register(inRecord.indexRegister), scale)
    const displacement = field('i32.load', inRecord.displacement)
    const sum = code.op('i32.add', code.op('i32.add', register(inRecord.base), scaled), displacement)
    const offset = mode.addressSize === 16 ? code.op('i32.and', sum, code.i32(0xffff)) : sum
    return code.op('i64.extend_i32_u', offset)
  }

  #linear(kind: number): Node {
    return this.#memory.linearOf('operand', this.offset(), kind)
  }

  #readRegister(register: RegisterOperand<Width>): Bits<Width> {
    const { bank } = this.#frame
    const place = this.#place(register)
    const half = (more: number) => bank.load('v128.load', place, more)
    if (register.width === 256) return pairOf(half(0), half(upperHalf)) as unknown as Bits<Width>
    return bitsOf<Width>(bank.load(loads[register.width as keyof typeof loads], place), register.width)
  }

  /** A 32-bit write clears the upper half; 8 and 16 bits leave the rest alone. */
  #writeRegister<W extends Width>(register: RegisterOperand<Width>, value: Bits<W>): void {
    const { code, bank } = this.#frame
    const node = nodeOf(value)
    const place = this.#place(register)
    if (register.width === 256) {
      bank.store('v128.store', place, node)
      return bank.store('v128.store', place, highOf(value as unknown as Bits<256>), upperHalf)
    }
    // an MMX register is the significand of an x87 one, whose sign and exponent become all ones
    if (register.file === 'mmx') bank.store('i32.store16', place, code.i32(0xffff), 8)
    if (register.width === 32 && register.file === 'gpr') {
      bank.store('i64.store', place, code.op('i64.extend_i32_u', node))
    } else if (register.width === 32) bank.store('i32.store', place, node)
    else bank.store(stores[register.width as keyof typeof stores], place, lowBits(node, register.width))
  }

  #place(register: RegisterOperand<Width>): RegisterPlace {
    if (register.index !== undefined) return registerOffset(register.file, register.index, register.highByte)
    const slot = registerSlots[register.position]
    if (slot === undefined) throw new Error(`operand ${register.position} has no slot in a record`)
    return this.#frame.field('i32.load16_u', slot)
  }

  /** The first immediate is the record's; a second one sits where a displacement would. */
  #immediate<W extends Width>(width: W, known: bigint | undefined, position: number): Bits<W> {
    const { code, field } = this.#frame
    if (known !== undefined) {
      return bitsOf(
        width === 64 ? code.i64(known) : code.i32(Number(BigInt.asIntN(32, BigInt.asUintN(width, known)))),
        width,
      )
    }
    if (this.#frame.liveBytes !== 0) return bitsOf(this.#liveImmediate(width), width)
    if (position >= secondImmediate) return bitsOf(field('i32.load', inRecord.displacement), width)
    return bitsOf(field(width === 64 ? 'i64.load' : 'i32.load', inRecord.immediate), width)
  }

  /** Narrower ones than what they are used as are sign-extended. */
  #liveImmediate(width: Width): Node {
    const { code, field, liveBytes } = this.#frame
    const place = field('i32.load', inRecord.immediate)
    if (liveBytes === 8) return code.load('i64.load', place)
    const value = code.load(
      ({ 1: 'i32.load8_u', 2: 'i32.load16_u', 4: 'i32.load' } as const)[liveBytes as 1 | 2 | 4],
      place,
    )
    const whole = liveBytes === 1 && width > 8 ? code.op('i32.extend8_s', value) : value
    if (width === 64) return code.op('i64.extend_i32_s', whole)
    return width === 16 ? code.op('i32.and', whole, code.i32(0xffff)) : whole
  }

  #target({ width }: Target): Bits<64> {
    const { code, field, bank, mode } = this.#frame
    const distance = field('i64.load', inRecord.immediate)
    const target = code.op('i64.add', bank.load('i64.load', at.blockRip), distance)
    const mask = { 16: 0xffffn, 32: 0xffff_ffffn, 64: -1n }[mode.operandSize]
    return bitsOf(code.op('i64.and', target, code.i64(mask)), width)
  }

  #readMemory(memory: Memory<8 | 16 | 32 | 64 | 128 | 256>): Bits<8 | 16 | 32 | 64 | 128 | 256> {
    const bytes = memory.width / 8
    if (!this.#frame.modified.has(memory.position)) {
      const kind = this.#memory.kindOf('operand', bytes)
      return this.#memory.load(this.#linear(kind), memory.width, kind, 'program')
    }
    let translated = this.#frame.translated.get(memory.position)
    if (translated === undefined) {
      const kind = this.#memory.kindOf('operand', bytes, accessKind.write)
      translated = this.#memory.translate(this.#linear(kind), bytes, kind)
      this.#frame.translated.set(memory.position, translated)
    }
    return this.#memory.loadTranslated(translated, memory.width)
  }
}

/** Positions from here on are second immediates (ENTER, far pointers, EXTRQ). */
export const secondImmediate = 8
