import { runFused, runSimd, runX87 } from '@vmm/x86-float'
import { exceptions } from '@vmm/x86-registers'
import {
  elsewhere,
  generalProtection,
  type HostCall,
  numericException,
  optionalFeatures,
  type Refused,
  type Surroundings,
  secondLevelFault,
  unanswered,
  vmxMnemonics,
  vmxOperands,
} from '@vmm/x86-semantics'
import { hasPcids, maskingOf, pcidOf } from './code-mode.ts'
import type { KnownAnswers } from './known-answers.ts'
import { hostCallNames } from './reading/host-calls.ts'
import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'
import type { TlbContexts } from './tlb.ts'
import type { Watching } from './watching.ts'

type Answer = Refused | undefined
type Six = [bigint, bigint, bigint, bigint, bigint, bigint]
/** Of each instruction of VMX, by its number. */
const operandsOf = vmxMnemonics.map((mnemonic) => vmxOperands[mnemonic])
/** No answer yet: the instruction waits. */
const waits: Refused = { kind: 'fault', vector: unanswered }
/** The instruction did not happen, and everything is ready for what comes in its place. */
const goesOnElsewhere: Refused = { kind: 'fault', vector: elsewhere }
const invalidOpcode: Refused = { kind: 'fault', vector: exceptions.UD.vector }
const lowHalf = (1n << 64n) - 1n

/** What answers are made from, and what they do. */
interface Knowing {
  readonly state: StateView
  readonly ports: Surroundings
  readonly tlb: TlbContexts
  readonly modeChanged: () => void
  readonly watching: Watching
  /** Arms the line of a linear address, which can be read. */
  readonly monitor: (linear: bigint) => void
  /** What follows from MSRs, and from what devices have been told. */
  readonly known: KnownAnswers
}

/** Answers what emitted code asks of its surroundings. Values travel in `hostValues`. */
export class HostAnswers {
  readonly #state: StateView
  readonly #ports: Surroundings
  readonly #tlb: TlbContexts
  readonly #modeChanged: () => void

  readonly #watching: Watching
  readonly #monitor: (linear: bigint) => void
  readonly #known: KnownAnswers

  constructor({ state, ports, tlb, modeChanged, watching, monitor, known }: Knowing) {
    this.#known = known
    this.#watching = watching
    this.#state = state
    this.#ports = ports
    this.#tlb = tlb
    this.#modeChanged = modeChanged
    this.#monitor = monitor
  }

  /** Answers a call by its number: 0, or 1 after a refusal, which has been noted. */
  answer(number: number): number {
    const refused = this.#numbered[number]!()
    if (refused === undefined) return 0
    this.#state.noteFault(refused.vector, refused.errorCode)
    if (refused === goesOnElsewhere) return 1
    // who refused may want to see what comes of it
    this.#state.setWord(at.mayDeliver, 0)
    return 1
  }

  #value(index: number): bigint {
    return this.#state.long(at.hostValues + index * 8)
  }

  /** The low 32 bits of a value, where no more can be meant. */
  #low(index: number): number {
    return this.#state.word(at.hostValues + index * 8)
  }

  /** A value, or the most that is asked for. */
  #upTo(index: number, most: number): number {
    return Math.min(this.#low(index) + this.#state.word(at.hostValues + index * 8 + 4) * 2 ** 32, most)
  }

  #six(): Six {
    return [0, 1, 2, 3, 4, 5].map((index) => this.#value(index)) as Six
  }

  #give(...values: readonly bigint[]): undefined {
    values.forEach((value, index) => void this.#state.setLong(at.hostValues + index * 8, value))
    return undefined
  }

  /** Gives one value of 32 bits. */
  #giveLow(value: number): undefined {
    this.#state.setWord(at.hostValues, value)
    this.#state.setWord(at.hostValues + 4, 0)
    return undefined
  }

  readonly #calls: Readonly<Record<HostCall, () => Answer>> = {
    cpuid: () => {
      const answer = this.#ports.cpuid(Number(this.#value(0)), Number(this.#value(1)))
      return 'kind' in answer ? answer : this.#give(...answer.map((value) => BigInt(value >>> 0)))
    },
    readMsr: () => {
      const value = this.#ports.readMsr(Number(this.#value(0)))
      return typeof value === 'bigint' ? this.#give(value) : value
    },
    writeMsr: () => {
      this.#known.forget()
      return this.#ports.writeMsr(Number(this.#value(0)), this.#value(1))
    },
    portIn: () => {
      const port = this.#low(0)
      const size = this.#low(1) as 1 | 2 | 4
      const value = this.#ports.portIn(port, size, this.#upTo(2, Number.MAX_SAFE_INTEGER))
      if (value === undefined) return waits
      this.#watching.port(port, size)
      return this.#giveLow(value)
    },
    portOut: () => {
      const port = this.#low(0)
      const size = this.#low(1) as 1 | 2 | 4
      const by = this.#low(3) === 0 ? 'OUT' : 'OUTS'
      this.#known.ports.forget()
      if (!this.#ports.portOut(port, size, this.#low(2), by)) return waits
      this.#watching.port(port, size)
      return undefined
    },
    timeStamp: () => this.#give(this.#ports.timeStamp()),
    random: () => this.#give(this.#ports.random()),
    seed: () => this.#give(this.#ports.random()),
    performanceCounter: () => generalProtection,
    simd: () => {
      const [number, aLow, aHigh, bLow, bHigh, mxcsr] = this.#six()
      const { value, flags } = runSimd(Number(number), (aHigh << 64n) | aLow, (bHigh << 64n) | bLow, Number(mxcsr))
      return this.#give(value & lowHalf, value >> 64n, BigInt(flags))
    },
    fused: () => {
      const [a, b, c] = [1, 3, 5].map((index) => (this.#value(index + 1) << 64n) | this.#value(index))
      const { value, flags } = runFused(this.#low(0), a!, b!, c!, this.#low(7))
      return this.#give(value & lowHalf, value >> 64n, BigInt(flags))
    },
    x87: () => {
      const [number, aSignificand, aSign, bSignificand, bSign, control] = this.#six()
      const a = { significand: aSignificand, signExponent: Number(aSign) }
      const b = { significand: bSignificand, signExponent: Number(bSign) }
      const { value, second, status, written } = runX87(Number(number), a, b, Number(control))
      const patterns = [value, second].flatMap(({ significand, signExponent }) => [significand, BigInt(signExponent)])
      return this.#give(...patterns, BigInt(status), written ? 1n : 0n)
    },
    breakpoint: () => (this.#ports.breakpoint?.() === false ? waits : undefined),
    numericError: () => {
      const answer = this.#ports.numericError === undefined ? numericException : this.#ports.numericError()
      if (typeof answer !== 'boolean') return answer
      return answer ? undefined : waits
    },
    hypercall: () => this.#hypercall(),
    leaveSmm: () => (this.#ports.leavesSmm?.() === true ? waits : invalidOpcode),
    taskPriority: () => this.#give(BigInt(this.#ports.taskPriority())),
    setTaskPriority: () => {
      this.#ports.setTaskPriority(Number(this.#value(0)))
      return undefined
    },
    writeXcr: () => {
      this.#known.cpuid.forget()
      this.#known.timeStamp.forget()
      return this.#ports.writeXcr(Number(this.#value(0)), this.#value(1))
    },
    flushTlb: () => {
      this.#tlb.maskBy(maskingOf(this.#state))
      this.#tlb.flushAll()
      return undefined
    },
    flushTlbNonGlobal: () => {
      this.#tlb.flushCurrent()
      return undefined
    },
    flushPage: () => {
      this.#tlb.flushPage(this.#value(0))
      return undefined
    },
    flushContext: () => this.#flushContext(),
    addressSpace: () => this.#addressSpace(this.#value(0)),
    debugTrap: () => {
      this.#watching.trap(Number(this.#value(0)))
      return undefined
    },
    waitExtensions: () => {
      const known = this.#ports.mwaitExtensions === undefined ? 1 : this.#ports.mwaitExtensions()
      if (known === undefined) return invalidOpcode
      return known === 'nothing' ? this.#give(0n, 1n) : this.#give(BigInt(known), 0n)
    },
    optional: () => (this.#ports.optional?.(optionalFeatures[this.#low(0)]!) === true ? undefined : invalidOpcode),
    vmx: () => this.#vmx(),
    exits: () => this.#exits(),
    enabled: () => (this.#ports.enabled?.(this.#low(0)) === false ? invalidOpcode : undefined),
    secondLevelFault: () => ({ kind: 'fault', vector: secondLevelFault, errorCode: this.#low(0) }),
    logHasRoom: () => this.#giveLow(this.#ports.logHasRoom?.() === false ? 0 : 1),
    logPage: () => {
      this.#ports.logPage?.(this.#value(0))
      return undefined
    },
    monitor: () => {
      this.#monitor(this.#value(0))
      return undefined
    },
  }

  readonly #numbered = hostCallNames.map((name) => this.#calls[name])

  #hypercall(): Answer {
    const answer = this.#ports.hypercall(this.#low(0) === 0 ? 'VMCALL' : 'VMMCALL')
    if (typeof answer === 'boolean') return answer ? this.#give(0n) : waits
    if (answer.kind === 'fault') return answer
    const [low, middle, high] = answer.bytes
    return this.#give(BigInt(low | (middle << 8) | (high << 16)))
  }

  /** VMREAD and VMWRITE come by the million. */
  #giveVmx(value: bigint, came: number): undefined {
    this.#state.setLong(at.hostValues, value)
    this.#state.setCount(at.hostValues + 8, came)
    return undefined
  }

  #vmx(): Answer {
    const mnemonic = vmxMnemonics[this.#low(0)]!
    const operands = operandsOf[this.#low(0)]!
    const operand = (number: number): bigint => (number > operands ? 0n : this.#value(number))
    const came = this.#ports.vmx?.(mnemonic, operand(1), operand(2), operand(3)) ?? invalidOpcode
    switch (came.kind) {
      case 'succeeded':
        return this.#giveVmx(came.value, 0)
      case 'failed':
        return this.#giveVmx(0n, came.how === 'invalid' ? 1 : 2)
      case 'entered':
        return waits
      case 'elsewhere':
        return goesOnElsewhere
      default:
        return came
    }
  }

  #exits(): Answer {
    const leaves = this.#ports.exits?.(this.#low(0), this.#value(1)) ?? false
    if (leaves === 'elsewhere') return goesOnElsewhere
    return leaves ? waits : undefined
  }

  /** INVPCID: type 0 one address, 1 one context, 2 and 3 everything. */
  #flushContext(): undefined {
    const [pcid, linear, type] = [Number(this.#value(0)), this.#value(1), Number(this.#value(2))]
    if (type === 0) this.#tlb.flushPage(linear)
    else if (type === 1) this.#tlb.flushPcid(pcid)
    else this.#tlb.flushAll()
    this.#modeChanged()
    return undefined
  }

  /** A new CR3: its PCID's translations, kept only when bit 63 asks for it. */
  #addressSpace(value: bigint): undefined {
    this.#tlb.maskBy(maskingOf(this.#state, Number(value >> 32n)))
    this.#tlb.use(pcidOf(this.#state, value), hasPcids(this.#state) && value >> 63n === 1n)
    this.#modeChanged()
    return undefined
  }
}
