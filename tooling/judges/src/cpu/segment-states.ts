import { type Decoded, noRegister, ripBase } from '@vmm/x86-decoder'
import type { Random } from './random.ts'
import { anySelector, codeSelector } from './segments.ts'
import { bases, dataOffset, place } from './snippet.ts'

const RSP = 4
const region = BigInt(place.data + dataOffset)
const mostBytes = 40
const tableIndicator = 4
const usualData = 0x2b
const numberOf = { FS: 4, GS: 5 } as const
/** TF: the next instruction would trap. NT, AC, DF and what arithmetic leaves are popped now and then. */
const alignmentCheck = 0x4_0000n
const popped = { always: 0x202n, some: 0x4_4cd5n } as const

/** What an instruction of segments finds, in registers and memory, and in its own last bytes. */
export interface Scene {
  readonly decoded: Decoded
  readonly code: Uint8Array
  readonly codeSize: 32 | 64
  readonly gprs: BigUint64Array
  readonly data: Uint8Array
}

/** Instructions that read a selector, and which of their operands are one. */
const selectorOperands: Readonly<Record<string, readonly number[]>> = {
  VERR: [0],
  VERW: [0],
  LAR: [1],
  LSL: [1],
  ARPL: [0, 1],
}
const loadsPointer: ReadonlySet<string> = new Set(['LDS', 'LES', 'LSS', 'LFS', 'LGS'])

/** Whether an instruction is one of segments. */
export const isOfSegments = ({ mnemonic, operands, count }: Decoded): boolean =>
  Object.hasOwn(selectorOperands, mnemonic) ||
  loadsPointer.has(mnemonic) ||
  /^(?:CALLF|JMPF|RETF|IRET)$/.test(mnemonic) ||
  (/^(?:MOV|POP)$/.test(mnemonic) && count > 0 && operands[0]!.kind === 'register' && operands[0]!.file === 'segment')

/** Gives it selectors that both sides know, where it looks for them. `local`: the program has a local table. */
export function aimSegments(random: Random, local: boolean, scene: Scene): void {
  const { mnemonic, operandSize, operands } = scene.decoded
  const size = operandSize / 8
  const stack = Number(scene.gprs[RSP]! - region)
  const memory = placeOfMemory(scene)
  if (mnemonic === 'RETF') putPointer(random, local, scene, stack, size)
  else if (mnemonic === 'IRET') putFrame(random, local, scene, stack)
  else if (mnemonic === 'POP') put(scene, stack, BigInt(anySelector(random, local)), 2)
  else if (mnemonic === 'CALLF' || mnemonic === 'JMPF') {
    if (operands[0]!.kind === 'far') putImmediate(random, local, scene, size)
    else if (memory !== undefined) putPointer(random, local, scene, memory, size)
  } else if (loadsPointer.has(mnemonic)) {
    if (memory !== undefined) put(scene, memory + size, BigInt(anySelector(random, local)), 2)
  } else {
    for (const at of selectorOperands[mnemonic] ?? [1]) putSelector(random, local, scene, at, memory)
  }
}

function putSelector(random: Random, local: boolean, scene: Scene, operand: number, memory: number | undefined): void {
  const { kind, index } = scene.decoded.operands[operand]!
  const selector = BigInt(anySelector(random, local))
  if (kind === 'register') scene.gprs[index] = (scene.gprs[index]! & ~0xffffn) | selector
  else if (memory !== undefined) put(scene, memory, selector, 2)
}

/** A far pointer: an offset and a selector, each of so many bytes where they are on the stack. */
function putPointer(random: Random, local: boolean, scene: Scene, at: number, size: number): void {
  const selector = codeSelector(random, local)
  put(scene, at, targetIn(random, scene, selector, size), size)
  put(scene, at + size, BigInt(selector), 2)
}

function putImmediate(random: Random, local: boolean, scene: Scene, size: number): void {
  const selector = codeSelector(random, local)
  const view = new DataView(scene.code.buffer, scene.code.byteOffset, scene.code.length)
  const target = Number(targetIn(random, scene, selector, size))
  if (size === 2) view.setUint16(scene.code.length - 4, target, true)
  else view.setUint32(scene.code.length - 6, target, true)
  view.setUint16(scene.code.length - 2, selector, true)
}

/** What IRET pops; in 64-bit code a stack, too. */
function putFrame(random: Random, local: boolean, scene: Scene, at: number): void {
  const size = scene.decoded.operandSize / 8
  const selector = codeSelector(random, local)
  // AC that is popped counts for what is popped after it: a hypervisor that watches for split locks takes that #AC for one, for ever
  const some = at % size === 0 ? popped.some : popped.some & ~alignmentCheck
  const flags = popped.always | (random.bits() & some)
  const stack = region + BigInt(random.below(32) * 16)
  const stackSegment = random.once(2) ? usualData : anySelector(random, local)
  const slots = [targetIn(random, scene, selector, size), BigInt(selector), flags, stack, BigInt(stackSegment)]
  const count = scene.codeSize === 64 ? slots.length : 3
  for (const [index, value] of slots.slice(0, count).entries()) put(scene, at + index * size, value, size)
}

/** A breakpoint in the page of the code, mostly: local segments begin there, flat ones do not. */
function targetIn(random: Random, { codeSize }: Scene, selector: number, size: number): bigint {
  if (random.once(20)) return BigInt.asUintN(size * 8, random.bits())
  const offset = BigInt(0x100 + random.below(0x400))
  if ((selector & tableIndicator) !== 0) return random.once(4) ? (offset & 0x3fn) | 0x40n : offset
  if (size === 8 && codeSize === 64 && random.once(2)) return BigInt(place.code) + offset
  return BigInt.asUintN(size * 8, BigInt(place.code32) + offset)
}

/** Where in the data an operand in memory is; undefined: elsewhere. */
function placeOfMemory({ decoded, codeSize, gprs }: Scene): number | undefined {
  const { operands, count, base, index, scale, displacement, addressSize, segment } = decoded
  if (!operands.slice(0, count).some(({ kind }) => kind === 'memory') || base === ripBase) return undefined
  const register = (number: number) => (number === noRegister ? 0n : gprs[number]!)
  const offset = BigInt.asUintN(addressSize, register(base) + (register(index) << BigInt(scale)) + BigInt(displacement))
  const beginning = codeSize === 32 ? 0 : segment === numberOf.FS ? bases.FS : segment === numberOf.GS ? bases.GS : 0
  const at = Number(offset + BigInt(beginning) - region)
  return at >= 0 && at + mostBytes <= place.dataBytes ? at : undefined
}

function put({ data }: Scene, at: number, value: bigint, bytes: number): void {
  if (at < 0 || at + bytes > data.length) return
  for (let index = 0; index < bytes; index += 1) data[at + index] = Number((value >> BigInt(index * 8)) & 0xffn)
}
