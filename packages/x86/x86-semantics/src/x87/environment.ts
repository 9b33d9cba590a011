import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Memory } from '../operand.ts'
import { requireReach } from '../reach.ts'
import { requireX87 } from '../system/fpu-availability.ts'
import { initX87 } from '../system/save-area.ts'
import { contentOf, type Value } from './answer.ts'
import { isInUse, physicalOf, raisePending, settleIgnore, status, withSummary } from './stack.ts'

/** Words that make up the environment: FCW, FSW, FTW, and four for the pointers. Source: SDM 1 Figures 8-9 to 8-12. */
const words = 7
const registerBytes = 10
const tag = { valid: 0, zero: 1, special: 2, empty: 3 } as const
const opcodeMask = 0x7ff

type Size = 2 | 4
const sizeOf = (m: Machine): Size => (m.mode.operandSize === 16 ? 2 : 4)
const isReal = (m: Machine): boolean => m.mode.execution === 'real' || m.mode.execution === 'virtual-8086'

const at = (m: Machine, base: Bits<64>, offset: number): Bits<64> => m.add(base, m.constant(offset, 64))

/** Puts 32 bits into a word of the environment: as many as it has. */
function putWord(m: Machine, base: Bits<64>, index: number, value: Bits<32>): void {
  const size = sizeOf(m)
  const offset = at(m, base, index * size)
  if (size === 4) m.store('operand', offset, value)
  else m.store('operand', offset, m.truncate(value, 16))
}

function takeWord(m: Machine, base: Bits<64>, index: number): Bits<32> {
  const size = sizeOf(m)
  const offset = at(m, base, index * size)
  return size === 4 ? m.load('operand', offset, 32) : m.zeroExtend(m.load('operand', offset, 16), 32)
}

/** The upper half of a word that has sixteen bits to say reads as ones. */
const low = (m: Machine, value: Bits<16>): Bits<32> => m.or(m.zeroExtend(value, 32), m.constant(0xffff_0000, 32))

/** Two bits for a register: what it holds, or that it is empty. SDM 1 §8.1.7. */
function tagOf(m: Machine, physical: Bits<8>): Bits<16> {
  const { significand, signExponent } = contentOf(m, physical)
  const exponent = m.and(signExponent, m.constant(0x7fff, 16))
  const isTiny = m.isZero(exponent)
  const isHuge = m.equal(exponent, m.constant(0x7fff, 16))
  const isSpecial = m.or(m.or(isTiny, isHuge), m.not(m.bit(significand, 63)))
  const isZero = m.and(isTiny, m.isZero(significand))
  const says = (value: number) => m.constant(value, 16)
  const content = m.select(isZero, says(tag.zero), m.select(isSpecial, says(tag.special), says(tag.valid)))
  return m.select(isInUse(m, physical), content, says(tag.empty))
}

function tagWord(m: Machine): Bits<16> {
  return Array.from({ length: 8 }, (_, index) =>
    m.shiftLeft(tagOf(m, m.constant(index, 8)), m.constant(2 * index, 16)),
  ).reduce((all, each) => m.or(all, each))
}

/** The abridged tag word: all that counts is which registers are empty. */
function abridged(m: Machine, full: Bits<16>): Bits<8> {
  return Array.from({ length: 8 }, (_, index) => {
    const both = m.and(m.bit(full, 2 * index), m.bit(full, 2 * index + 1))
    return m.shiftLeft(m.zeroExtend(m.not(both), 8), m.constant(index, 8))
  }).reduce((all, each) => m.or(all, each))
}

/** A pointer as two words: in real-address formats the upper bits stand above the opcode, else the selector follows. */
function putPointer(
  m: Machine,
  base: Bits<64>,
  index: number,
  pointer: Bits<64>,
  selector: Bits<16>,
  opcode: Bits<16>,
): void {
  const offset = m.truncate(pointer, 32)
  const extra = m.zeroExtend(opcode, 32)
  if (!isReal(m)) {
    putWord(m, base, index, offset)
    const above = m.shiftLeft(extra, m.constant(16, 32))
    return putWord(m, base, index + 1, m.or(m.zeroExtend(selector, 32), above))
  }
  const upper = m.and(m.shiftRight(offset, m.constant(4, 32)), m.constant(sizeOf(m) === 4 ? 0x0fff_f000 : 0xf000, 32))
  putWord(m, base, index, low(m, m.truncate(offset, 16)))
  putWord(m, base, index + 1, m.or(upper, extra))
}

/** A pointer back from its two words. */
function takePointer(
  m: Machine,
  base: Bits<64>,
  index: number,
): { readonly pointer: Bits<64>; readonly second: Bits<32> } {
  const [first, second] = [takeWord(m, base, index), takeWord(m, base, index + 1)]
  if (!isReal(m)) return { pointer: m.zeroExtend(first, 64), second }
  const upper = m.shiftLeft(m.and(second, m.constant(0x0fff_f000, 32)), m.constant(4, 32))
  return { pointer: m.zeroExtend(m.or(m.and(first, m.constant(0xffff, 32)), upper), 64), second }
}

function storeEnvironment(m: Machine, base: Bits<64>): void {
  putWord(m, base, 0, low(m, m.get('FCW')))
  putWord(m, base, 1, low(m, m.get('FSW')))
  putWord(m, base, 2, low(m, tagWord(m)))
  putPointer(m, base, 3, m.get('FIP'), m.get('FCS'), sizeOf(m) === 4 || isReal(m) ? m.get('FOP') : m.constant(0, 16))
  putPointer(m, base, 5, m.get('FDP'), m.get('FDS'), m.constant(isReal(m) ? 0 : 0xffff, 16))
}

/** Masks of the control word that exist; bit 6 reads as one. */
function loadEnvironment(m: Machine, base: Bits<64>): void {
  const [control, word, full] = [0, 1, 2].map((index) => m.truncate(takeWord(m, base, index), 16)) as [
    Bits<16>,
    Bits<16>,
    Bits<16>,
  ]
  const [code, data] = [takePointer(m, base, 3), takePointer(m, base, 5)]
  m.set('FCW', m.or(m.and(control, m.constant(0x1f7f, 16)), m.constant(0x40, 16)))
  m.set('FSW', withSummary(m, word))
  settleIgnore(m)
  m.set('FTW', abridged(m, full))
  m.set('FIP', code.pointer)
  m.set('FDP', data.pointer)
  // the 16-bit format of protected mode has no room for an opcode: the shift leaves zero, as the CPU does that judges us
  const opcode = isReal(m) ? code.second : m.shiftRight(code.second, m.constant(16, 32))
  m.set('FOP', m.and(m.truncate(opcode, 16), m.constant(opcodeMask, 16)))
}

/** Registers behind an environment are on even addresses, and no more is asked of them: by words, no access is askew. */
const significandWords = [0, 1, 2, 3]

function putRegister(m: Machine, offset: Bits<64>, { significand, signExponent }: Value): void {
  for (const index of significandWords) {
    m.store('operand', at(m, offset, index * 2), m.truncate(m.shiftRight(significand, m.constant(index * 16, 64)), 16))
  }
  m.store('operand', at(m, offset, 8), signExponent)
}

function takeRegister(m: Machine, offset: Bits<64>): Value {
  const significand = significandWords
    .map((index) => m.zeroExtend(m.load('operand', at(m, offset, index * 2), 16), 64))
    .map((word, index) => m.shiftLeft(word, m.constant(index * 16, 64)))
    .reduce((all, each) => m.or(all, each))
  return { significand, signExponent: m.load('operand', at(m, offset, 8), 16) }
}

const environmentBytes = (m: Machine): number => words * sizeOf(m)

function checked(m: Machine, memory: Memory<8>, bytes: number, access: 'read' | 'write'): Bits<64> {
  const offset = m.address(memory)
  requireReach(m, offset, { bytes, alignment: sizeOf(m), access })
  return offset
}

const fnstenv = instruction(
  'FNSTENV',
  sdm('2A', '3.3', 'FSTENV/FNSTENV—Store x87 FPU Environment'),
  (m: Machine, to: Memory<8>) => {
    requireX87(m)
    storeEnvironment(m, checked(m, to, environmentBytes(m), 'write'))
    m.set('FCW', m.or(m.get('FCW'), m.constant(status.exceptions, 16)))
    m.set('FSW', m.and(m.get('FSW'), m.constant(~status.summary & 0xffff, 16)))
    settleIgnore(m)
  },
)

const fldenv = instruction(
  'FLDENV',
  sdm('2A', '3.3', 'FLDENV—Load x87 FPU Environment'),
  (m: Machine, from: Memory<8>) => {
    requireX87(m)
    raisePending(m)
    loadEnvironment(m, checked(m, from, environmentBytes(m), 'read'))
  },
)

const fnsave = instruction(
  'FNSAVE',
  sdm('2A', '3.3', 'FSAVE/FNSAVE—Store x87 FPU State'),
  (m: Machine, to: Memory<8>) => {
    requireX87(m)
    const size = environmentBytes(m)
    const base = checked(m, to, size + 8 * registerBytes, 'write')
    storeEnvironment(m, base)
    for (let index = 0; index < 8; index += 1) {
      putRegister(m, at(m, base, size + index * registerBytes), contentOf(m, physicalOf(m, index)))
    }
    initX87(m)
  },
)

const frstor = instruction(
  'FRSTOR',
  sdm('2A', '3.3', 'FRSTOR—Restore x87 FPU State'),
  (m: Machine, from: Memory<8>) => {
    requireX87(m)
    raisePending(m)
    const size = environmentBytes(m)
    const base = checked(m, from, size + 8 * registerBytes, 'read')
    loadEnvironment(m, base)
    for (let index = 0; index < 8; index += 1) {
      const { significand, signExponent } = takeRegister(m, at(m, base, size + index * registerBytes))
      m.setX87(physicalOf(m, index), significand, signExponent)
    }
  },
)

export const x87Environment: readonly Instruction[] = [fnstenv, fldenv, fnsave, frstor]
