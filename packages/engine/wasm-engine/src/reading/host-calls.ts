import { type Beyond, type Bits, type HostCall, hostCalls, type Machine, vmxMnemonics } from '@vmm/x86-semantics'
import type { Node } from '../emit/node.ts'
import type { RuntimeName } from '../runtime.ts'
import { at } from '../state-layout.ts'
import type { Frame } from './frame.ts'
import { knownCpuid, knownTimeStamp, readQuietly, writeQuietly } from './known-answers.ts'
import { readKnownField, writeKnownField } from './known-field.ts'
import { throughKnownTables } from './known-tables.ts'
import { quickFused } from './quick-fused.ts'
import { quickSimd } from './quick-simd.ts'
import { quickX87 } from './quick-x87.ts'
import { bitsOf, nodeOf } from './value.ts'

const loads = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load', 64: 'i64.load' } as const

/** Host calls that are answered in place where that is sure to be right. */
const quickWays: Readonly<Partial<Record<HostCall, typeof quickSimd | typeof quickFused | typeof quickX87>>> = {
  simd: quickSimd,
  fused: quickFused,
  x87: quickX87,
}

/** Host calls that the runtime answers by itself, and asks the surroundings where it cannot. */
const ownWays: Readonly<Partial<Record<HostCall, RuntimeName>>> = {
  flushPage: 'flushPage',
  addressSpace: 'useContext',
}

/** Calls of VMX non-root operation alone, where regions leave instead. */
export const callsOfL2: ReadonlySet<HostCall> = new Set<HostCall>(['exits', 'enabled'])

/** What instructions ask of their surroundings, and the functions that they call. */
export function beyondOn(frame: Frame): Beyond {
  return {
    call: ((procedure, ...values) => {
      const nodes = (values as Bits<64>[]).map(nodeOf)
      const results = throughKnownTables(frame, procedure, nodes, () => frame.call(procedure as never, nodes))
      frame.segmentsChanged = true
      return procedure.results.map((width, index) => bitsOf(results[index]!, width))
    }) as Machine['call'],
    host: ((name: HostCall, ...values: Bits<64>[]) => {
      frame.segmentsChanged = true
      const { results } = hostCalls[name]
      const nodes = values.map(nodeOf)
      const answered = name === 'simd' || name === 'fused' ? frame[name](nodes) : undefined
      if (answered !== undefined) return answered.map((node, index) => bitsOf(node, results[index]!))
      if (frame.plainOnly && callsOfL2.has(name)) {
        frame.leaveFault()
        return []
      }
      const own = ownWays[name]
      if (own !== undefined) {
        frame.code.call(frame.runtime[own], [frame.cpu, ...nodes], [])
        return []
      }
      if (name === 'cpuid') return identified(frame, nodes).map((node) => bitsOf(node, 32)) as never
      if (name === 'portOut') return written(frame, nodes) as never
      if (name === 'vmx') return operated(frame, nodes) as never
      if (name === 'timeStamp') return [bitsOf(stamped(frame), 64)] as never
      if (name === 'portIn' && isNumber(nodes[1]!, 1n) && isNumber(nodes[2]!, 1n))
        return [bitsOf(byteRead(frame, nodes), 32)] as never
      const ask = () => asked(frame, name, nodes)
      const quick = quickWays[name]
      const answers =
        quick === undefined ? ask() : quick(frame.code, nodes.map(frame.code.hold, frame.code), ask as never)
      return results.map((width, index) => bitsOf(answers[index]!, width))
    }) as unknown as Machine['host'],
  }
}

/** CPUID by what is known of it. A region leaves where that is nothing. */
function identified(frame: Frame, values: readonly Node[]): Node[] {
  const { code, cpu, plainOnly } = frame
  const [leaf, subleaf] = values.map((value) => code.hold(value)) as [Node, Node]
  const answers = knownCpuid(code, cpu, [leaf, subleaf], () => {
    if (plainOnly) frame.leaveFault()
    else ask(frame, 'cpuid', [leaf, subleaf])
    return code.op('i32.add', cpu, code.i32(at.hostValues))
  })
  return [0, 1, 2, 3].map((register) => code.hold(code.load('i32.load', answers, register * 8)))
}

/** A byte to a port: nobody is told where nobody hears of it. A region leaves where somebody may. */
function written(frame: Frame, values: readonly Node[]): readonly [] {
  const { code, cpu, plainOnly } = frame
  const [port, bytes, value, by] = values as [Node, Node, Node, Node]
  const tell = () => (plainOnly ? frame.leaveFault() : ask(frame, 'portOut', [port, bytes, value, by]))
  if (!isNumber(bytes, 1n) || !isNumber(by, 0n)) tell()
  else writeQuietly(code, cpu, port, tell)
  return []
}

/** A byte of a port: known, or asked for. A region leaves where it is not known. */
function byteRead(frame: Frame, values: readonly Node[]): Node {
  const { code, cpu, plainOnly } = frame
  const port = code.hold(values[0]!)
  return readQuietly(code, cpu, { port, left: frame.left() }, () => {
    if (plainOnly) frame.leaveFault()
    else ask(frame, 'portIn', [port, ...values.slice(1)])
    return code.load('i32.load', cpu, at.hostValues)
  })
}

const [VMREAD, VMWRITE] = [vmxMnemonics.indexOf('VMREAD'), vmxMnemonics.indexOf('VMWRITE')]

/** An instruction of VMX: VMREAD and VMWRITE of fields that are known are done in place. */
function operated(frame: Frame, values: readonly Node[]): readonly [Bits<64>, Bits<8>] {
  const { code, cpu } = frame
  const asking = () => {
    const [value, how] = asked(frame, 'vmx', values)
    return { value: value!, how: how! }
  }
  const [instruction, first, second] = values as [Node, Node, Node]
  if (isNumber(instruction, BigInt(VMWRITE))) {
    const how = writeKnownField(code, cpu, [code.hold(first), code.hold(second)], asking)
    return [bitsOf(code.i64(0n), 64), bitsOf(how, 8)]
  }
  const came = isNumber(instruction, BigInt(VMREAD)) ? readKnownField(code, cpu, code.hold(first), asking) : asking()
  return [bitsOf(came.value, 64), bitsOf(came.how, 8)]
}

/** The time-stamp counter: known, or asked for. A region leaves where it is not known. */
function stamped(frame: Frame): Node {
  const { code, cpu, plainOnly } = frame
  return knownTimeStamp(code, cpu, frame.left(), () => {
    if (plainOnly) frame.leaveFault()
    else ask(frame, 'timeStamp', [])
    return code.load('i64.load', cpu, at.hostValues)
  })
}

const isNumber = ({ operation }: Node, value: bigint): boolean =>
  operation.kind === 'constant' && operation.value === value

/** Values travel to the surroundings and back in memory. A refusal leaves with its fault. */
function asked(frame: Frame, name: HostCall, values: readonly Node[]): Node[] {
  const { code, cpu } = frame
  ask(frame, name, values)
  return hostCalls[name].results.map((width, index) =>
    code.hold(code.load(loads[width as keyof typeof loads], cpu, at.hostValues + index * 8)),
  )
}

function ask(frame: Frame, name: HostCall, values: readonly Node[]): void {
  const { code, cpu, record, runtime } = frame
  frame.fields?.show()
  values.forEach((value, index) => {
    const wide = value.type === 'i64' ? value : code.op('i64.extend_i32_u', value)
    code.store('i64.store', cpu, wide, at.hostValues + index * 8)
  })
  code.store('i32.store', cpu, record.get(), at.record)
  const [refused] = code.call(runtime.host, [cpu, code.i32(hostCallNames.indexOf(name))], ['i32'])
  code.if(refused!, () => frame.leaveFault())
}

/** Host calls by the number that code uses for them. */
export const hostCallNames = Object.keys(hostCalls) as HostCall[]
