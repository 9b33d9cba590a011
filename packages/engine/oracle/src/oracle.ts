import { createDecoded } from '@vmm/x86-decoder'
import { exceptions, rflags } from '@vmm/x86-registers'
import {
  anyMode,
  deliverEvent,
  type Instruction,
  instructions,
  type Machine,
  type Mode,
  mayBeTarget,
  missEndbranch,
  type Surroundings,
  secondLevelFault,
  survey,
} from '@vmm/x86-semantics'
import { bitsOf } from './bits.ts'
import type { DebugRegisters } from './data-breakpoints.ts'
import { decode } from './decoder.ts'
import { Fault, Unanswered } from './fault.ts'
import { hostAnswers } from './host-answers.ts'
import { type Execution, machineOn } from './machine.ts'
import { MemoryAccess, type PhysicalMemory } from './memory.ts'
import { awaitsEndbranch, type CodeMode, codeMode, instructionMode } from './mode.ts'
import { operandsOf } from './operands.ts'
import { State } from './state.ts'

const longestInstruction = 15
const pageSize = 4096
const resumeFlag = 1n << BigInt(rflags.RF.low)

/** What EPT tells of a translation that it did not let be made. */
const eptFields = ['EPT_ADDRESS', 'EPT_LINEAR', 'EPT_QUALIFICATION', 'EPT_ENTRY'] as const

/** What one instruction came to. A fault leaves RIP at it; it must be delivered. */
export type StepResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'fault'; readonly vector: number; readonly errorCode: number | undefined }
  | { readonly kind: 'exit'; readonly reason: string }
  /** A port had no answer yet: nothing has happened, and the next step asks again. */
  | { readonly kind: 'waiting' }

/** What an oracle is made of. */
export interface OracleOptions {
  readonly memory: PhysicalMemory
  readonly ports: Surroundings
  /** Descriptions by mnemonic; those of x86-semantics unless told. */
  readonly instructions?: ReadonlyMap<string, Instruction>
}

/**
 * A vCPU that runs the instruction descriptions as they read: bigints, one instruction at a time, nothing kept between
 * them. It is slow, and the judge of everything that is not.
 */
export class Oracle {
  readonly state = new State()
  readonly #memory: MemoryAccess
  readonly #answers: ReturnType<typeof hostAnswers>
  readonly #instructions: ReadonlyMap<string, Instruction>
  readonly #decoded = createDecoded()
  readonly #kept = new State()
  #retired = 0
  #executing = { rip: 0n, next: 0n }
  #code: Uint8Array = new Uint8Array(0)

  constructor({ memory, ports, instructions: described = instructions }: OracleOptions) {
    this.#instructions = described
    this.#memory = new MemoryAccess(this.state, memory, ports, () => this.#walker())
    this.#answers = hostAnswers(this.state, ports, this.#memory)
  }

  /** Instructions retired: an element of a repeated string instruction counts as one. */
  get retired(): number {
    return this.#retired
  }

  /** The count goes on from here: the state is one that has come so far. */
  countFrom(retired: number): void {
    this.#retired = retired
  }

  /** The instruction that was read last, and the one behind it: whoever is asked in the middle of one may want to know. */
  executing(): { readonly rip: bigint; readonly next: bigint } {
    return this.#executing
  }

  /** The bytes of that instruction, and of what was read with it: at most 15. */
  executingCode(): Uint8Array {
    return this.#code
  }

  /** Watches for a debugger's data breakpoints in place of the guest's, or for the guest's again. */
  breakInstead(instead: DebugRegisters | undefined): void {
    this.#memory.breakInstead(instead)
  }

  /** Runs one instruction, or one element of a repeated one. */
  step(): StepResult {
    const code = codeMode(this.state)
    return this.#guarded(() => {
      const bytes = this.#fetch(code)
      const execution = this.#execution(bytes, code)
      const resuming = (this.state.rflags & resumeFlag) !== 0n
      const instruction = this.#described()
      const isTarget = !awaitsEndbranch(this.state, code) || mayBeTarget(instruction, code)
      if (isTarget) instruction.execute(machineOn(execution), ...operandsOf(this.#decoded))
      else missEndbranch(machineOn(execution))
      // a target is as wide as the code that it is in, which may be other code than this
      this.state.set('RIP', execution.target ?? execution.next)
      this.#retired += 1
      // RF was for this one instruction. SDM 3B §18.3.1.1
      if (resuming) this.state.rflags &= ~resumeFlag
      return execution.reason === undefined ? { kind: 'done' } : { kind: 'exit', reason: execution.reason }
    })
  }

  /**
   * Breakpoints met by data and ports, and debug traps asked for, since the last look, as bits of DR6. An instruction that faulted
   * has met them in vain.
   */
  takeDebugHits(): number {
    return this.#memory.takeBreakpoints()
  }

  /** Delivers an event through the IDT. What it runs into comes back as a fault: the caller decides about #DF. */
  deliver(vector: number, kind: number, errorCode: number | undefined, returnRip: bigint): StepResult {
    const code = codeMode(this.state)
    const hasCode = errorCode !== undefined && code.execution !== 'real'
    return this.#guarded(() => {
      const execution = this.#outside({ ...anyMode, ...code })
      const byte = (value: number) => bitsOf(BigInt(value), 8)
      const values = [byte(vector), byte(kind), byte(hasCode ? 1 : 0)] as const
      deliverEvent.body(machineOn(execution), ...values, bitsOf(BigInt(errorCode ?? 0), 32), bitsOf(returnRip, 64))
      this.state.set('RIP', execution.target ?? returnRip)
      return { kind: 'done' }
    })
  }

  /** Runs something that may fault. A fault undoes what was not committed; CR2 says where a page was missing. */
  #guarded(act: () => StepResult): StepResult {
    this.#commit()
    try {
      return act()
    } catch (fault) {
      if (!(fault instanceof Fault || fault instanceof Unanswered)) throw fault
      const address = this.state.get('CR2')
      const refused = eptFields.map((field) => [field, this.state.get(field)] as const)
      this.state.copy(this.#kept)
      this.#memory.undo()
      if (fault instanceof Unanswered) return { kind: 'waiting' }
      if (fault.vector === exceptions.PF.vector) this.state.set('CR2', address)
      if (fault.vector === secondLevelFault) for (const [field, value] of refused) this.state.set(field, value)
      return { kind: 'fault', vector: fault.vector, errorCode: fault.errorCode }
    }
  }

  #commit(): void {
    this.#kept.copy(this.state)
    this.#memory.commit()
  }

  /** How many bytes an instruction may have before it meets the limit of CS. SDM 3A §5.3. */
  #inReach(isLong: boolean): number {
    const within = this.state.get('CS.limit') - this.state.get('RIP') + 1n
    if (!isLong && within <= 0n) throw new Fault(exceptions.GP.vector, 0)
    return isLong || within > longestInstruction ? longestInstruction : Number(within)
  }

  /** The instruction's bytes: those of the next page only if it does not end before. */
  #fetch(code: CodeMode): Uint8Array {
    const isLong = code.execution === 'long'
    const start = this.state.get('RIP') + (isLong ? 0n : this.state.get('CS.base'))
    const at = (offset: number) => BigInt.asUintN(isLong ? 64 : 32, start + BigInt(offset))
    const most = this.#inReach(isLong)
    const first = Math.min(most, pageSize - Number(at(0) & 0xfffn))
    let bytes = this.#read(at(0), first)
    let failure = this.#decode(bytes, code)
    if (failure === 'truncated' && first < most) {
      bytes = Uint8Array.from([...bytes, ...this.#read(at(first), most - first)])
      failure = this.#decode(bytes, code)
    }
    if (failure === 'truncated') throw new Fault(exceptions.GP.vector, 0)
    this.#code = bytes
    return bytes.subarray(0, this.#decoded.length)
  }

  #read(linear: bigint, count: number): Uint8Array {
    const places = this.#memory.place(linear, count, { how: 'execute', asker: 'program', stack: false })
    // a device that code is fetched from is asked byte by byte
    return Uint8Array.from(places, (place) => Number(this.#memory.load([place], 'fetch')))
  }

  /** Bytes that are no instruction are #UD, too many of them #GP(0). */
  #decode(bytes: Uint8Array, code: CodeMode): 'truncated' | undefined {
    const failure = decode(bytes, 0, bytes.length, code.codeSize, this.#decoded)
    if (failure === 'invalid') throw new Fault(exceptions.UD.vector, undefined)
    if (failure === 'too-long') throw new Fault(exceptions.GP.vector, 0)
    return failure
  }

  #described(): Instruction {
    const instruction = this.#instructions.get(this.#decoded.mnemonic)
    if (instruction === undefined) throw new Fault(exceptions.UD.vector, undefined)
    return instruction
  }

  #execution(bytes: Uint8Array, code: CodeMode): Execution {
    const mode = instructionMode(this.#decoded, code)
    const instruction = this.#described()
    const effects = survey(instruction, mode, operandsOf(this.#decoded))
    const modified = new Set([...effects.operandsRead].filter((position) => effects.operandsWritten.has(position)))
    const rip = this.state.get('RIP')
    const next = BigInt.asUintN(code.execution === 'long' ? 64 : 32, rip + BigInt(this.#decoded.length))
    this.#executing = { rip, next }
    return { ...this.#outside(mode), bytes, rip, next, modified }
  }

  /** What runs without an instruction: the delivery of events, and the page walk. */
  #outside(mode: Mode): Execution {
    const rip = this.state.get('RIP')
    return {
      state: this.state,
      memory: this.#memory,
      answers: this.#answers,
      decoded: this.#decoded,
      bytes: new Uint8Array(0),
      mode,
      rip,
      next: rip,
      modified: new Set(),
      retired: this.#retired,
      target: undefined,
      reason: undefined,
      commit: () => this.#commit(),
    }
  }

  #walker(): Machine {
    return machineOn(this.#outside(anyMode))
  }
}
