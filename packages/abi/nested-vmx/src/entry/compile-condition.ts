import { type VmcsField, vmcsPlaceOf } from '../vmcs/vmcs-field.ts'
import type { VmcsLayout } from '../vmcs/vmcs-layout.ts'
import { memoryTest } from './compile-memory.ts'
import type { Condition, Part } from './condition.ts'
import { allowedControls, type EntryFacts, type EntryProcessor } from './entry-processor.ts'

/** A condition over the bytes of a VMCS. */
export type Test = (view: DataView, facts: EntryFacts) => boolean

/** A condition that is compiled; what does not depend on a VMCS is known already. */
export type Compiled = Test | boolean

/** What a condition is compiled for. */
export interface CompiledFor {
  readonly processor: EntryProcessor
  readonly layout: VmcsLayout
}

/** Reads up to 32 bits. */
export type Read = (view: DataView) => number

const whole = 0xffff_ffff_ffff_ffffn

/** Compiles a condition: the second reading, over numbers. What the processor decides is decided here. */
export function compileCondition(condition: Condition, target: CompiledFor): Compiled {
  switch (condition.op) {
    case 'all':
      return allOf(condition.of.map((one) => compileCondition(one, target)))
    case 'any':
      return anyOf(condition.of.map((one) => compileCondition(one, target)))
    case 'not':
      return notOf(compileCondition(condition.of, target))
    case 'masked':
      return masked(target, condition.field, condition.mask, condition.value)
    case 'one-of':
      return oneOf(partOf(target, condition.part), condition.values)
    case 'at-most': {
      const [value, most] = [partOf(target, condition.part), limitOf(target, condition.most)]
      return (view) => value(view) <= most(view)
    }
    case 'same': {
      const [value, other] = [partOf(target, condition.part), partOf(target, condition.as)]
      return (view) => value(view) === other(view)
    }
    case 'shifted':
      return shifted(target, condition.base, condition.selector)
    case 'pat':
      return pat(wordOf(target, condition.field, 0), wordOf(target, condition.field, 4))
    case 'fact': {
      const { fact } = condition
      return (_, facts) => facts[fact]
    }
    case 'memory':
      return memoryTest(condition.what, target)
    default:
      return compileOnProcessor(condition, target)
  }
}

type OnProcessor = Extract<
  Condition,
  { op: 'canonical' | 'physical' | 'list' | 'allowed' | 'fixed' | 'only' | 'told' | 'told-most' }
>

function compileOnProcessor(condition: OnProcessor, target: CompiledFor): Compiled {
  const { processor } = target
  const beyond = whole ^ ((1n << BigInt(processor.physicalAddressWidth)) - 1n)
  switch (condition.op) {
    case 'canonical':
      return canonical(wordOf(target, condition.field, 4), 64 - processor.linearAddressWidth - condition.beyond)
    case 'physical': {
      const mask = beyond | ((1n << BigInt(condition.alignment)) - 1n)
      return masked(target, condition.field, mask & ~condition.ignored, 0n)
    }
    case 'list':
      return list(condition, target)
    case 'allowed':
      return between(target, condition.field, ...allowedControls(processor, condition.field))
    case 'fixed': {
      const { register, ignored, field } = condition
      const least = processor.vmx[`IA32_VMX_${register}_FIXED0`] & ~ignored
      return between(target, field, least, processor.vmx[`IA32_VMX_${register}_FIXED1`] | ignored)
    }
    case 'only': {
      const mask = condition.among & ~(processor[condition.bits] ?? 0n)
      return masked(target, condition.field, mask & whole, 0n)
    }
    case 'told':
      return ((processor.vmx[condition.msr] ?? 0n) & condition.mask) === condition.mask
    case 'told-most': {
      const value = partOf(target, condition.part)
      const most = Number(((processor.vmx[condition.msr] ?? 0n) >> BigInt(condition.low)) & mask(condition.width))
      return (view) => value(view) <= most
    }
    default:
      return condition satisfies never
  }
}

const mask = (width: number): bigint => (1n << BigInt(width)) - 1n

function isTest(one: Compiled): one is Test {
  return typeof one !== 'boolean'
}

function allOf(all: readonly Compiled[]): Compiled {
  if (all.includes(false)) return false
  const [first, second, ...more] = all.filter(isTest)
  if (first === undefined) return true
  if (second === undefined) return first
  const rest = more.length === 0 ? second : allOf([second, ...more])
  return isTest(rest) ? (view, facts) => first(view, facts) && rest(view, facts) : rest
}

function anyOf(all: readonly Compiled[]): Compiled {
  if (all.includes(true)) return true
  const [first, second, ...more] = all.filter(isTest)
  if (first === undefined) return false
  if (second === undefined) return first
  const rest = more.length === 0 ? second : anyOf([second, ...more])
  return isTest(rest) ? (view, facts) => first(view, facts) || rest(view, facts) : rest
}

function notOf(one: Compiled): Compiled {
  return isTest(one) ? (view, facts) => !one(view, facts) : !one
}

/** Either the lower or the upper word of a field, as a signed number; 0 where there is none. */
export function wordOf({ layout }: CompiledFor, field: VmcsField, at: 0 | 4): Read {
  const offset = layout[field]
  const { bytes } = vmcsPlaceOf(field)
  if (offset === undefined || at >= bytes) return () => 0
  if (bytes === 2) return (view) => view.getUint16(offset, true)
  return (view) => view.getInt32(offset + at, true)
}

function partOf(target: CompiledFor, { field, low, width }: Part): Read {
  const high = low >= 32
  const word = wordOf(target, field, high ? 4 : 0)
  const shift = high ? low - 32 : low
  const most = width === 32 ? -1 : 2 ** width - 1
  return (view) => ((word(view) >>> shift) & most) >>> 0
}

function limitOf(target: CompiledFor, most: Part | number): Read {
  return typeof most === 'number' ? () => most : partOf(target, most)
}

const lower = (value: bigint): number => Number(BigInt.asIntN(32, value))
const upper = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n))

function masked(target: CompiledFor, field: VmcsField, bits: bigint, value: bigint): Compiled {
  const offset = target.layout[field]
  const { bytes } = vmcsPlaceOf(field)
  const own = bits & mask(8 * bytes)
  if ((value & ~own) !== 0n) return false
  if (offset === undefined || own === 0n) return value === 0n
  const [low, high, lowMask, highMask] = [lower(value), upper(value), lower(own), upper(own)]
  if (bytes === 2) return (view) => (view.getUint16(offset, true) & lowMask) === low
  if (highMask === 0) return (view) => (view.getInt32(offset, true) & lowMask) === low
  const above = offset + 4
  if (lowMask === 0) return (view) => (view.getInt32(above, true) & highMask) === high
  return (view) => (view.getInt32(offset, true) & lowMask) === low && (view.getInt32(above, true) & highMask) === high
}

/** All that must be 1 are, and none that may not be. */
function between(target: CompiledFor, field: VmcsField, least: bigint, most: bigint): Compiled {
  if ((least & ~most) !== 0n) return false
  return masked(target, field, (least | ~most) & whole, least)
}

function oneOf(value: Read, values: readonly number[]): Test {
  if (values.some((one) => one > 31)) return (view) => values.includes(value(view))
  const set = values.reduce((all, one) => all | (1 << one), 0)
  return (view) => {
    const one = value(view)
    return one < 32 && ((set >>> one) & 1) !== 0
  }
}

function canonical(high: Read, shift: number): Test {
  return (view) => {
    const word = high(view)
    return (word << shift) >> shift === word
  }
}

function shifted(target: CompiledFor, base: VmcsField, selector: VmcsField): Test {
  const [low, high, sixteenth] = [wordOf(target, base, 0), wordOf(target, base, 4), wordOf(target, selector, 0)]
  return (view) => high(view) === 0 && low(view) === sixteenth(view) << 4
}

const isType = (word: number): boolean =>
  (word & 0xf8f8_f8f8) === 0 && ((word >>> 1) & ~(word >>> 2) & 0x0101_0101) === 0

function pat(low: Read, high: Read): Test {
  return (view) => isType(low(view)) && isType(high(view))
}

function list({ count, address, bytes, more }: Extract<Condition, { op: 'list' }>, target: CompiledFor): Test {
  const entries = partOf(target, count)
  const [low, high] = [wordOf(target, address, 0), wordOf(target, address, 4)]
  const end = 2 ** target.processor.physicalAddressWidth
  return (view) => {
    const counted = entries(view) + more
    if (counted === 0) return true
    return (high(view) >>> 0) * 0x1_0000_0000 + (low(view) >>> 0) + counted * bytes <= end
  }
}
