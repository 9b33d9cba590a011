import { runFused, runSimd, runX87 } from '@vmm/x86-float'
import { type HostCall, numericException, optionalFeatures, type Refused, type Surroundings } from '@vmm/x86-semantics'
import { portBreakpointsMet } from './data-breakpoints.ts'
import { answered, Fault, Unanswered } from './fault.ts'
import type { MemoryAccess } from './memory.ts'
import type { State } from './state.ts'
import { vmxAnswers } from './vmx-answers.ts'

type Answer = (...values: readonly bigint[]) => readonly bigint[]

const generalProtection = 13
const noInstruction: Refused = { kind: 'fault', vector: 6 }
const nothing: readonly bigint[] = []

const unlessRefused = (refused: Refused | undefined): readonly bigint[] => {
  if (refused !== undefined) throw new Fault(refused.vector, refused.errorCode)
  return nothing
}

const orRefused = (value: bigint | Refused): readonly bigint[] =>
  typeof value === 'bigint' ? [value] : unlessRefused(value)

const fourOrRefused = (answer: ReturnType<Surroundings['cpuid']>): readonly bigint[] =>
  'kind' in answer ? unlessRefused(answer) : answer.map((value) => BigInt(value >>> 0))

const done = (act: () => void): readonly bigint[] => {
  act()
  return nothing
}

const unlessWaiting = (taken: boolean): readonly bigint[] => {
  if (!taken) throw new Unanswered()
  return nothing
}

const hypercall = (answer: ReturnType<Surroundings['hypercall']>): readonly bigint[] => {
  if (typeof answer === 'boolean') return [...unlessWaiting(answer), 0n]
  if (answer.kind === 'fault') return unlessRefused(answer)
  const [low, middle, high] = answer.bytes
  return [BigInt(low | (middle << 8) | (high << 16))]
}

const refuses = (): never => {
  throw new Fault(generalProtection, 0)
}

const size = (value: bigint): 1 | 2 | 4 => Number(value) as 1 | 2 | 4
const low = (value: bigint): number => Number(BigInt.asUintN(32, value))

/** What is asked of floats. */
const floatAnswers = {
  simd: (number, aLow, aHigh, bLow, bHigh, mxcsr) => {
    const [a, b] = [(aHigh! << 64n) | aLow!, (bHigh! << 64n) | bLow!]
    const { value, flags } = runSimd(low(number!), a, b, low(mxcsr!))
    return [BigInt.asUintN(64, value), value >> 64n, BigInt(flags)]
  },
  fused: (number, aLow, aHigh, bLow, bHigh, cLow, cHigh, mxcsr) => {
    const [a, b, c] = [(aHigh! << 64n) | aLow!, (bHigh! << 64n) | bLow!, (cHigh! << 64n) | cLow!]
    const { value, flags } = runFused(low(number!), a, b, c, low(mxcsr!))
    return [BigInt.asUintN(64, value), value >> 64n, BigInt(flags)]
  },
  x87: (number, aSignificand, aSign, bSignificand, bSign, control) => {
    const a = { significand: aSignificand!, signExponent: Number(aSign) }
    const b = { significand: bSignificand!, signExponent: Number(bSign) }
    const { value, second, status, written } = runX87(low(number!), a, b, low(control!))
    const patterns = [value, second].flatMap((each) => [each.significand, BigInt(each.signExponent)])
    return [...patterns, BigInt(status), written ? 1n : 0n]
  },
} satisfies Partial<Record<HostCall, Answer>>

/** Answers what descriptions ask of the surroundings. There is no TLB here: flushing it is nothing. */
export function hostAnswers(
  state: State,
  ports: Surroundings,
  memory: Pick<MemoryAccess, 'lineOf' | 'trap' | 'breakpoints'>,
): Readonly<Record<HostCall, Answer>> {
  const flushes: Answer = () => nothing
  return {
    cpuid: (leaf, subleaf) => fourOrRefused(ports.cpuid(low(leaf!), low(subleaf!))),
    readMsr: (index) => orRefused(ports.readMsr(low(index!))),
    writeMsr: (index, value) => unlessRefused(ports.writeMsr(low(index!), value!)),
    portIn: (port, bytes) => {
      const value = answered(ports.portIn(low(port!), size(bytes!), 1))
      memory.trap(portBreakpointsMet(state, memory.breakpoints, low(port!), size(bytes!)))
      return [BigInt(value >>> 0)]
    },
    portOut: (port, bytes, value, string) => {
      unlessWaiting(ports.portOut(low(port!), size(bytes!), low(value!), string === 0n ? 'OUT' : 'OUTS'))
      return done(() => memory.trap(portBreakpointsMet(state, memory.breakpoints, low(port!), size(bytes!))))
    },
    timeStamp: () => [ports.timeStamp()],
    random: () => [ports.random()],
    seed: () => [ports.random()],
    performanceCounter: refuses,
    ...floatAnswers,
    numericError: () => {
      const answer = ports.numericError === undefined ? numericException : ports.numericError()
      return typeof answer === 'boolean' ? unlessWaiting(answer) : unlessRefused(answer)
    },
    hypercall: (mnemonic) => hypercall(ports.hypercall(mnemonic === 0n ? 'VMCALL' : 'VMMCALL')),
    leaveSmm: () => (ports.leavesSmm?.() === true ? unlessWaiting(false) : unlessRefused(noInstruction)),
    taskPriority: () => [BigInt(ports.taskPriority())],
    setTaskPriority: (value) => done(() => ports.setTaskPriority(low(value!))),
    writeXcr: (index, value) => unlessRefused(ports.writeXcr(low(index!), value!)),
    flushTlb: flushes,
    flushTlbNonGlobal: flushes,
    flushPage: flushes,
    flushContext: flushes,
    addressSpace: flushes,
    debugTrap: (why) => done(() => memory.trap(low(why!))),
    breakpoint: () => unlessWaiting(ports.breakpoint?.() !== false),
    waitExtensions: () => {
      const known = ports.mwaitExtensions === undefined ? 1 : ports.mwaitExtensions()
      if (known === undefined) return unlessRefused(noInstruction)
      return known === 'nothing' ? [0n, 1n] : [BigInt(known), 0n]
    },
    optional: (number) =>
      unlessRefused(ports.optional?.(optionalFeatures[low(number!)]!) === true ? undefined : noInstruction),
    ...vmxAnswers(ports),
    monitor: (address) => done(() => state.set('MONITOR', memory.lineOf(address!))),
  }
}
