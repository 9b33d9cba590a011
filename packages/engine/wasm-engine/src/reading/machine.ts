import {
  type ArithmeticFlag,
  arithmeticFlags,
  arithmeticMask,
  exceptions,
  type StateField,
  segmentNames,
  stateFields,
} from '@vmm/x86-registers'
import {
  type Accesses,
  type Arithmetic,
  type Bits,
  type ControlFlow,
  type FlagClassName,
  type Flags,
  type FlagsOf,
  flagClasses,
  type Machine,
  type NamedState,
  type Width,
} from '@vmm/x86-semantics'
import { accessKind } from '../access.ts'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { exitReasons } from '../runtime.ts'
import { at, inRecord } from '../state-layout.ts'
import { arithmeticOn } from './arithmetic.ts'
import { flagsInPlace, maskOfFlags } from './flags-in-place.ts'
import type { Frame } from './frame.ts'
import { beyondOn } from './host-calls.ts'
import { lazyClassOf, lazyWord } from './lazy-class.ts'
import { bulkOn, MemoryReading } from './memory.ts'
import { OperandReading } from './operands.ts'
import { shadowPlace } from './shadow-place.ts'
import { asValue, bitsOf, nodeOf, typeOf } from './value.ts'
import { vectorOn } from './vector.ts'
import { number } from './widths.ts'

/** Reads descriptions as WebAssembly: each operation appends to the frame's code. */
export function machineOn(frame: Frame): Machine {
  const memory = new MemoryReading(frame)
  const operands = new OperandReading(frame, memory)
  const { read, write, address, indexed, popInto } = operands
  return {
    ...pureOn(frame.code),
    mode: frame.mode,
    read,
    write,
    address,
    indexed,
    popInto,
    ...stateOn(frame),
    ...(frame.flags ?? flagsOn(frame)),
    ...accessOn(frame, memory),
    bulk: bulkOn(frame, memory),
    ...controlOn(frame),
    ...beyondOn(frame),
  }
}

/** What depends on nothing but the code it is appended to. */
type Pure = Arithmetic & Pick<Machine, 'vector'>

const pure = new WeakMap<Code, Pure>()

/** The pure part of the algebra, made once for all instructions of a function. */
function pureOn(code: Code): Pure {
  let known = pure.get(code)
  if (known === undefined) {
    known = { ...arithmeticOn(code), vector: vectorOn(code) }
    pure.set(code, known)
  }
  return known
}

const fieldLoads = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load', 64: 'i64.load' } as const
const fieldStores = { 8: 'i32.store8', 16: 'i32.store16', 32: 'i32.store', 64: 'i64.store' } as const

/** What decides how far accesses through a segment go unasked. */
const segmentFields: ReadonlySet<StateField> = new Set(
  segmentNames.flatMap((name) => [`${name}.base`, `${name}.limit`, `${name}.access`] as const),
)

function stateOn(frame: Frame): NamedState {
  const { code, cpu, steady, fields } = frame
  const x87 = (physical: Bits<8>) => code.op('i32.add', cpu, code.op('i32.shl', nodeOf(physical), code.i32(4)))
  return {
    get: ((field) => {
      const width = widthOfField(field)
      const known = steady(field)
      if (known !== undefined) return bitsOf(number(code, known, width), width)
      return bitsOf(fields?.get(field) ?? code.load(fieldLoads[width], cpu, at[field]), width)
    }) as Machine['get'],
    set: (field, value) => {
      if (fields?.set(field, nodeOf(value)) === true) return
      code.store(fieldStores[widthOfField(field)], cpu, nodeOf(value), at[field])
      if (field === 'RIP') code.store('i32.store', cpu, code.i32(1), at.moved)
      if (segmentFields.has(field)) frame.segmentsChanged = true
    },
    x87Significand: (physical) => bitsOf(code.load('i64.load', x87(physical), at.x87), 64),
    x87SignExponent: (physical) => bitsOf(code.load('i32.load16_u', x87(physical), at.x87 + 8), 16),
    setX87(physical, significand, signExponent) {
      const address = code.hold(x87(physical))
      const exponent = code.hold(nodeOf(signExponent))
      code.store('i64.store', address, nodeOf(significand), at.x87)
      code.store('i32.store16', address, exponent, at.x87 + 8)
    },
  }
}

function flagsOn(frame: Frame): Flags {
  const { code, cpu, runtime } = frame
  const inPlace = () => code.call(runtime.materialize, [cpu], ['i32'])[0]!
  return {
    flag: (flag) => {
      if (frame.flagsDead && frame.keeps === flag) return bitsOf(code.i32(0), 1)
      return knownFlag(frame, flag) ?? bitsOf(code.call(runtime[`flag${flag}`], [cpu], ['i32'])[0]!, 1)
    },
    flags: (of) => {
      frame.knownFlags = undefined
      if (frame.flagsDead) return
      if (of.kind === 'class') keepClass(frame, of.name, of.operands)
      else keepEquations(frame, of)
    },
    rflags: () => {
      const arithmetic = code.op('i64.extend_i32_u', inPlace())
      return bitsOf(code.op('i64.or', arithmetic, code.load('i64.load', cpu, at.RFLAGS)), 64)
    },
    setRflags: (value) => {
      frame.knownFlags = undefined
      const all = code.hold(nodeOf(value))
      code.store(
        'i32.store',
        cpu,
        code.op('i32.and', code.op('i32.wrap_i64', all), code.i32(Number(arithmeticMask))),
        at.flags,
      )
      code.store('i32.store', cpu, code.i32(0), at.lazyClass)
      code.store('i64.store', cpu, code.op('i64.and', all, code.i64(~arithmeticMask)), at.RFLAGS)
    },
  }
}

const lazyOperands = [at.lazyA, at.lazyB, at.lazyC]

/** A flag by the equations of a class whose operands are at hand. */
function knownFlag({ code, knownFlags }: Frame, flag: ArithmeticFlag): Bits<1> | undefined {
  if (knownFlags === undefined) return undefined
  return flagClasses[knownFlags.name](pureOn(code), knownFlags.operands)[flag]!()
}

function keepClass(frame: Frame, name: FlagClassName, operands: readonly Bits<8 | 16 | 32 | 64>[]): void {
  const { code, cpu } = frame
  const { width } = asValue(operands[0]!)
  const kept = operands.map((operand) => code.hold(nodeOf(operand)))
  const sameWidth = <W extends Width>(node: Node, w: W) => bitsOf(node, w) as unknown as Bits<8 | 16 | 32 | 64>
  if (frame.depth === 0) frame.knownFlags = { name, operands: kept.map((node) => sameWidth(node, width)) }
  for (const [index, node] of kept.entries())
    code.store(typeOf(width) === 'i64' ? 'i64.store' : 'i32.store', cpu, node, lazyOperands[index]!)
  code.store('i32.store', cpu, code.i32(lazyClassOf(name, width)), at.lazyClass)
}

/** What an instruction writes apart from a class leaves that as it is. */
function keepEquations({ code, cpu }: Frame, of: Extract<FlagsOf, { kind: 'equations' }>): void {
  const named = arithmeticFlags.filter((flag) => of.equations[flag] !== undefined)
  const fresh = code.hold(flagsInPlace(code, of.equations, named))
  if (named.length === arithmeticFlags.length) {
    code.store('i32.store', cpu, fresh, at.flags)
    code.store('i32.store', cpu, code.i32(0), at.lazyClass)
    return
  }
  const mask = maskOfFlags(named)
  const kept = code.op('i32.and', code.load('i32.load', cpu, at.flags), code.i32(~mask))
  code.store('i32.store', cpu, code.op('i32.or', kept, fresh), at.flags)
  const word = code.load('i32.load', cpu, at.lazyClass)
  code.store('i32.store', cpu, code.op('i32.or', word, code.i32(mask << lazyWord.apart)), at.lazyClass)
}

function accessOn(frame: Frame, memory: MemoryReading): Accesses {
  const { write } = accessKind
  return {
    load(segment, offset, w) {
      if (memory.isLocked) return memory.loadLocked(segment, nodeOf(offset), w)
      const kind = memory.kindOf(segment, w / 8)
      return memory.load(memory.linearOf(segment, nodeOf(offset), kind), w, kind, 'program')
    },
    store(segment, offset, value) {
      if (memory.storeLocked(value)) return
      const kind = memory.kindOf(segment, asValue(value).width / 8, write)
      memory.store(memory.linearOf(segment, nodeOf(offset), kind), value, kind, 'program')
    },
    check(segment, offset, bytes, access) {
      const kind = memory.kindOf(segment, bytes, access === 'write' ? write : 0)
      memory.check(memory.linearOf(segment, nodeOf(offset), kind), bytes, kind, 'program')
    },
    loadLinear: (linear, w, asker) => memory.load(memory.wrapped(linear), w, w / 8, asker),
    storeLinear: (linear, value, asker) =>
      memory.store(memory.wrapped(linear), value, (asValue(value).width / 8) | write, asker),
    checkLinear: (linear, bytes, access, asker) =>
      memory.check(memory.wrapped(linear), bytes, bytes | (access === 'write' ? write : 0), asker),
    linear: (segment, offset) => bitsOf(memory.unchecked(segment, nodeOf(offset)), 64),
    shadowPlace: (linear, bytes, how, user) => shadowPlace(frame, linear, { bytes, how, user }),
    loadPhysical: (address, w) => memory.loadPhysical(address, w),
    compareAndSwapPhysical: (address, expected, value) => memory.swapPhysical(address, expected, value),
  }
}

/** Branches and loops, and what may have changed behind them. */
function branchesOn(frame: Frame): Pick<ControlFlow, 'when' | 'loop'> {
  const { code } = frame
  const inside = (body: () => void) => () => {
    frame.depth += 1
    body()
    frame.depth -= 1
  }
  return {
    when: (condition, then, otherwise) => {
      if (otherwise === undefined) return code.if(nodeOf(condition), inside(then))
      const changedBefore = frame.segmentsChanged
      let changedByThen = false
      const second = () => {
        changedByThen = frame.segmentsChanged
        frame.segmentsChanged = changedBefore
        otherwise()
      }
      code.if(nodeOf(condition), inside(then), inside(second))
      frame.segmentsChanged ||= changedByThen
    },
    loop: (condition, body) => {
      // what changes in one round has changed in the next
      frame.segmentsChanged = true
      code.loop(() => nodeOf(condition()), inside(body))
    },
  }
}

function controlOn(frame: Frame): ControlFlow {
  const { code, cpu, record, field, bank, mode } = frame
  const ripMask = mode.codeSize === 64 ? -1n : 0xffff_ffffn
  const rip = (slot: number): Node => {
    const distance = code.op('i64.extend_i32_u', field('i32.load16_u', slot))
    return code.op('i64.and', code.op('i64.add', bank.load('i64.load', at.blockRip), distance), code.i64(ripMask))
  }
  return {
    ...branchesOn(frame),
    variable: (initial) => {
      const { node, width } = asValue(initial)
      const local = code.local(typeOf(width))
      local.set(node)
      return { get: () => bitsOf(local.get(), width), set: (value) => local.set(nodeOf(value)) } as ReturnType<
        Machine['variable']
      > as never
    },
    fault: (name, errorCode) => {
      const exception = exceptions[name]
      const value = errorCode === undefined ? code.i32(0) : nodeOf(errorCode)
      code.store('i32.store', cpu, value, at.faultCode)
      code.store('i32.store', cpu, code.i32(exception.vector), at.faultVector)
      code.store('i32.store', cpu, code.i32(errorCode === undefined ? 0 : 1), at.faultHasCode)
      frame.leaveFault()
    },
    interruptShadow: (after) => {
      // the surroundings know the count: they turn the word into the count it is good for
      code.store('i32.store', cpu, record.get(), at.record)
      code.call(frame.runtime.shadow, [cpu, code.i32(after === 'mov-ss' ? 1 : 0)], [])
    },
    nextRip: () => bitsOf(rip(inRecord.next), 64),
    thisRip: () => bitsOf(rip(inRecord.offset), 64),
    isNear: (target) => isNear(frame, nodeOf(target), rip(inRecord.next)),
    escapeOpcode: () => bitsOf(field('i32.load16_u', inRecord.immediate), 16),
    jump: (target) => frame.jump(nodeOf(target)),
    again: () => frame.jump(rip(inRecord.offset)),
    commit: () => {},
    fence: () => {
      if (frame.threads) code.fence()
    },
    exit: (reason) => frame.exit(exitReasons.indexOf(reason)),
  }
}

/** Linear addresses have 48 bits at least. */
const shortestAddress = 48n

/** In 64-bit code a target is as canonical as the code, unless it leaves that half of the addresses. */
function isNear({ code, mode, isNear }: Frame, target: Node, next: Node): Bits<1> {
  if (isNear(target)) return bitsOf(code.i32(1), 1)
  if (mode.codeSize !== 64) return bitsOf(code.i32(0), 1)
  const apart = code.op('i64.shr_u', code.op('i64.xor', target, next), code.i64(shortestAddress - 1n))
  return bitsOf(code.op('i64.eqz', apart), 1)
}

function widthOfField(field: StateField): 8 | 16 | 32 | 64 {
  return stateFields[field]
}
