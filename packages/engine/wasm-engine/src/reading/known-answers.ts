import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { cpuidHash } from '../known-cpuid.ts'
import {
  at,
  inKnownByte,
  inKnownCpuid,
  knownByteBytes,
  knownBytes,
  knownCpuidBytes,
  quietPorts,
} from '../state-layout.ts'

/**
 * CPUID by the answers that are known, which are counted; `unknown` says where the four of them are otherwise. Gives where they
 * are, eight bytes each.
 */
export function knownCpuid(code: Code, cpu: Node, [leaf, subleaf]: readonly [Node, Node], unknown: () => Node): Node {
  const mixed = code.op(
    'i32.add',
    code.op('i32.mul', leaf, code.i32(cpuidHash.leaf)),
    code.op('i32.mul', subleaf, code.i32(cpuidHash.subleaf)),
  )
  const index = code.op('i32.mul', code.op('i32.shr_u', mixed, code.i32(cpuidHash.shift)), code.i32(knownCpuidBytes))
  const entry = code.hold(code.op('i32.add', cpu, index))
  const inEntry = (field: 'leaf' | 'subleaf' | 'tag') =>
    code.load('i32.load', entry, at.knownCpuids + inKnownCpuid[field])
  const tag = code.op('i32.or', code.load('i32.load', cpu, at.cpuidTag), code.load('i32.load8_u', cpu, at.CPL))
  const differs = [
    code.op('i32.xor', inEntry('leaf'), leaf),
    code.op('i32.xor', inEntry('subleaf'), subleaf),
    code.op('i32.xor', inEntry('tag'), tag),
    code.op('i64.ne', code.load('i64.load', cpu, at.CR4), code.load('i64.load', cpu, at.knownCR4)),
  ].reduce((all, one) => code.op('i32.or', all, one))
  const answers = code.local('i32')
  code.if(
    differs,
    () => answers.set(unknown()),
    () => {
      count(code, cpu, at.cpuidsAnswered)
      answers.set(code.op('i32.add', entry, code.i32(at.knownCpuids + inKnownCpuid.answer)))
    },
  )
  return code.hold(answers.get())
}

/** A byte to a port that is known to be written to in vain, which is counted; `tell` where it is not, or while anybody watches. */
export function writeQuietly(code: Code, cpu: Node, port: Node, tell: () => void): void {
  const held = code.hold(port)
  const index = code.op('i32.and', held, code.i32(quietPorts - 1))
  const known = code.load('i32.load', code.op('i32.add', cpu, code.op('i32.shl', index, code.i32(2))), at.quietPorts)
  const isQuiet = code.op('i32.and', code.op('i32.eq', known, held), code.load('i32.load', cpu, at.plain))
  code.if(isQuiet, () => count(code, cpu, at.portAccesses), tell)
}

/** A byte of a port that is known for so long, which is counted; `ask` where it is not, or while anybody watches. */
export function readQuietly(
  code: Code,
  cpu: Node,
  { port, left }: { readonly port: Node; readonly left: Node },
  ask: () => Node,
): Node {
  const index = code.op('i32.mul', code.op('i32.and', port, code.i32(knownBytes - 1)), code.i32(knownByteBytes))
  const entry = code.hold(code.op('i32.add', cpu, index))
  const known = (field: 'port' | 'value') => code.load('i32.load', entry, at.knownBytes + inKnownByte[field])
  const retired = retiredWith(code, cpu, left)
  const isKnown = [
    code.op('i32.eq', known('port'), port),
    code.op('i64.lt_s', retired, code.load('i64.load', entry, at.knownBytes + inKnownByte.until)),
    code.load('i32.load', cpu, at.plain),
  ].reduce((all, one) => code.op('i32.and', all, one))
  const value = code.local('i32')
  code.if(
    isKnown,
    () => {
      count(code, cpu, at.portAccesses)
      value.set(known('value'))
    },
    () => value.set(ask()),
  )
  return code.hold(value.get())
}

/** What the time-stamp counter shows with so much of the budget `left`; `ask` where that is not known, or while anybody watches. */
export function knownTimeStamp(code: Code, cpu: Node, left: Node, ask: () => Node): Node {
  const rate = code.hold(code.load('i64.load', cpu, at.stampRate))
  const retired = code.hold(retiredWith(code, cpu, left))
  const isKnown = code.op('i32.and', code.op('i64.ne', rate, code.i64(0n)), code.load('i32.load', cpu, at.plain))
  const value = code.local('i64')
  code.if(
    isKnown,
    () => value.set(code.op('i64.add', code.load('i64.load', cpu, at.stampBase), code.op('i64.mul', retired, rate))),
    () => value.set(ask()),
  )
  return code.hold(value.get())
}

/** Instructions so far, where so much of the budget is left. */
const retiredWith = (code: Code, cpu: Node, left: Node): Node =>
  code.op('i64.sub', code.load('i64.load', cpu, at.sliceEnd), code.op('i64.extend_i32_s', left))

function count(code: Code, cpu: Node, place: number): void {
  code.store('i32.store', cpu, code.op('i32.add', code.load('i32.load', cpu, place), code.i32(1)), place)
}
