import { Oracle, State } from '@vmm/oracle'
import type { EngineStop } from '@vmm/vcpu'
import type { Engine, GuestMachine } from '@vmm/wasm-engine'
import { exceptions, rflags } from '@vmm/x86-registers'
import { eventKind } from '@vmm/x86-semantics'
import { type Outcome, unequalOutcomes, unequalPages, unequalStates } from './comparison.ts'
import type { Difference, Executed, Unequal } from './difference.ts'
import { giveState, takeState } from './processor-state.ts'
import { type Asked, type Effect, portsThat, type RecordedPorts } from './recorded-ports.ts'
import { Departure, ReplayedAnswers } from './replayed-answers.ts'
import { ShadowMemory } from './shadow-memory.ts'

const resumeFlag = 1n << BigInt(rflags.RF.low)
const pageBytes = 4096
/** Exceptions that are traps by nature leave RF alone. */
const traps: readonly number[] = [exceptions.BP.vector, exceptions.OF.vector, exceptions.DB.vector]

interface Judged {
  readonly machine: GuestMachine
  readonly engine: Engine
  readonly asking: RecordedPorts
  readonly onDifference: (difference: Difference) => void
}

/** A slice as it began, and what was asked in it. */
interface Slice {
  readonly start: State
  readonly faults: 'stop' | 'deliver'
  readonly asked: readonly Asked[]
}

/** What a slice came to, by both. */
interface Verdict {
  readonly unequal: readonly Unequal[]
  readonly pages: readonly number[]
}

/** Runs slices by an engine and again by the oracle, and compares what they came to. */
export class SliceJudge {
  readonly #judged: Judged
  readonly #memory: ShadowMemory
  readonly #oracle: Oracle
  #answers: ReplayedAnswers | undefined
  /** Slices that both have run. */
  checked = 0

  constructor(judged: Judged) {
    this.#judged = judged
    this.#memory = ShadowMemory.of(judged.machine)
    const ports = portsThat((name, given) => this.#answers?.answer(name, given))
    this.#oracle = new Oracle({ memory: this.#memory, ports })
  }

  set addressSpace(space: 'ordinary' | 'smm') {
    this.#memory.addressSpace = space
  }

  /** Memory has been replaced as a whole. */
  forget(): void {
    this.#memory.forget()
  }

  /** Runs a slice, and says what the engine came to. */
  run(budget: number, faults: 'stop' | 'deliver'): Outcome {
    const { engine, asking, onDifference } = this.#judged
    this.#memory.begin()
    const start = stateOf(engine)
    const from = engine.retired()
    const { result: outcome, asked } = asking.recording(() => this.#ran(budget, faults))
    // what user space has no memory for yet has not happened, and nobody else is asked
    if (asking.prevented) return outcome
    const slice = { start, faults, asked }
    const { unequal, pages } = this.#compare(outcome, slice, from)
    this.checked += 1
    if (unequal.length > 0) onDifference(this.#explain({ slice, outcome, from, verdict: { unequal, pages } }))
    return outcome
  }

  #ran(budget: number, faults: 'stop' | 'deliver'): Outcome {
    const { engine } = this.#judged
    const before = engine.retired()
    const stop = engine.run(budget, faults)
    const [delivered, hits] = [engine.takeDelivered(), engine.takeDebugHits()]
    return { stop, retired: engine.retired() - before, delivered, hits, unasked: [] }
  }

  /** Lets the oracle run what the engine has run from a count on, and compares. */
  #compare(outcome: Outcome, slice: Slice, from: number): Verdict {
    const mine = stateOf(this.#judged.engine)
    const theirs = this.#follow(outcome, slice, from, () => {})
    const pages = [...new Set([...this.#judged.machine.takeWritten(), ...this.#memory.written])]
    const unequal = [
      ...unequalOutcomes(outcome, theirs),
      ...unequalStates(mine, this.#oracle.state),
      ...unequalPages(this.#memory, pages),
    ]
    return { unequal, pages }
  }

  /** Runs the oracle to where the engine came. */
  #follow(wanted: Outcome, { start, asked }: Slice, from: number, each: (executed: Executed) => void): Outcome {
    const oracle = this.#oracle
    oracle.state.copy(start)
    oracle.countFrom(from)
    oracle.takeDebugHits()
    const answers = new ReplayedAnswers(asked, (effect) => this.#apply(effect))
    this.#answers = answers
    const progress = { delivered: 0, hits: 0, stop: { kind: 'budget' } as EngineStop }
    const outcome = (departs?: string): Outcome => ({
      ...progress,
      retired: oracle.retired - from,
      unasked: departs === undefined ? answers.left : [],
      ...(departs === undefined ? {} : { departs }),
    })
    try {
      while (this.#goesOn(wanted, oracle.retired - from, progress)) this.#step(wanted, progress, each)
      return outcome()
    } catch (departure) {
      if (!(departure instanceof Departure)) throw departure
      return outcome(departure.says)
    } finally {
      this.#answers = undefined
    }
  }

  /** As far as the engine: all its instructions and exceptions, and then the one that stopped it. */
  #goesOn(wanted: Outcome, retired: number, { delivered, stop }: { delivered: number; stop: EngineStop }): boolean {
    if (stop.kind !== 'budget') return false
    if (retired < wanted.retired || delivered < wanted.delivered) return retired <= wanted.retired
    return wanted.stop.kind === 'fault' || wanted.stop.kind === 'waiting'
  }

  #step(
    wanted: Outcome,
    progress: { delivered: number; hits: number; stop: EngineStop },
    each: (executed: Executed) => void,
  ): void {
    const oracle = this.#oracle
    const [count, codeSize] = [oracle.retired, codeSizeOf(oracle.state)]
    const result = oracle.step()
    const hits = oracle.takeDebugHits()
    const { rip, next } = oracle.executing()
    const bytes = oracle.executingCode().subarray(0, Number(BigInt.asUintN(8, next - rip)))
    each({ count, rip, bytes, codeSize })
    if (result.kind === 'fault' && progress.delivered < wanted.delivered) {
      progress.delivered += 1
      this.#deliver(result)
      return
    }
    if (result.kind !== 'fault') progress.hits |= hits
    if (result.kind === 'exit')
      progress.stop = { kind: 'exit', reason: result.reason as Extract<EngineStop, { kind: 'exit' }>['reason'] }
    else if (result.kind !== 'done') progress.stop = result
  }

  #deliver({ vector, errorCode }: { readonly vector: number; readonly errorCode: number | undefined }): void {
    const { state } = this.#oracle
    if (!traps.includes(vector)) state.rflags |= resumeFlag
    const met = this.#oracle.deliver(vector, eventKind.exception, errorCode, state.get('RIP'))
    this.#oracle.takeDebugHits()
    if (met.kind === 'fault') throw new Departure(`meets exception ${met.vector} when it delivers ${vector}`)
  }

  #apply(effect: Effect): void {
    const { state } = this.#oracle
    if (effect.kind === 'memory') this.#memory.put(effect.offset, effect.bytes)
    else if (effect.kind === 'field') state.set(effect.field, effect.value)
    else if (effect.kind === 'gpr') state.gprs[effect.index] = BigInt.asUintN(64, effect.value)
    else state.rflags = effect.value
  }

  // -- explaining ----------------------------------------------------------------------------------------------------

  /** Finds the first instruction behind which they differ, and puts everything back as it was. */
  #explain({ slice, outcome, from, verdict }: Explained): Difference {
    const { engine, machine } = this.#judged
    const [end, count] = [stateOf(engine), engine.retired()]
    const after = verdict.pages.map((page) => [page, this.#memory.realPage(page)] as const)
    const pages = new Set(verdict.pages)
    const found = this.#firstDifference(slice, outcome.retired, from, pages)
    const executed: Executed[] = []
    this.#memory.rewind([...pages])
    const retired = found?.behind ?? outcome.retired
    this.#follow({ ...outcome, retired }, slice, from, (one) => void executed.push(one))
    this.#memory.rewind([...pages])
    for (const [page, bytes] of after) machine.slots.writeMemory(page * pageBytes, bytes)
    engine.countFrom(count)
    giveState(end, engine)
    engine.modeChanged()
    const first = found === undefined ? undefined : from + found.behind
    return { from, to: from + outcome.retired, first, unequal: found?.unequal ?? verdict.unequal, executed }
  }

  /** By halves: as long as they differ once, they will at the end. Undefined if they do not when all is run again. */
  #firstDifference(slice: Slice, whole: number, from: number, pages: Set<number>): Found | undefined {
    let [agree, differ] = [0, whole]
    let unequal = this.#again(slice, whole, from, pages)
    if (unequal.length === 0) return undefined
    while (differ - agree > 1) {
      const middle = agree + ((differ - agree) >> 1)
      const here = this.#again(slice, middle, from, pages)
      if (here.length === 0) agree = middle
      else {
        differ = middle
        unequal = here
      }
    }
    return { behind: differ, unequal }
  }

  /** Runs the beginning of a slice again by both. */
  #again({ start, faults, asked }: Slice, budget: number, from: number, pages: Set<number>): readonly Unequal[] {
    const { engine, asking } = this.#judged
    this.#memory.rewind([...pages])
    this.#memory.begin()
    engine.countFrom(from)
    giveState(start, engine)
    engine.modeChanged()
    const answers = new ReplayedAnswers(asked, (effect) => this.#applyToEngine(effect))
    try {
      const outcome = asking.answeredBy(answers, () => this.#ran(budget, faults))
      const verdict = this.#compare(outcome, { start, faults, asked: answers.used }, from)
      for (const page of verdict.pages) pages.add(page)
      return verdict.unequal
    } catch (departure) {
      if (!(departure instanceof Departure)) throw departure
      return [{ what: 'asked when it was run again', engine: departure.says, oracle: '' }]
    }
  }

  #applyToEngine(effect: Effect): void {
    const { engine, machine } = this.#judged
    if (effect.kind === 'memory') machine.slots.writeMemory(effect.offset, effect.bytes)
    else if (effect.kind === 'field') engine.set(effect.field, effect.value)
    else if (effect.kind === 'gpr') engine.setGpr(effect.index, effect.value)
    else engine.setRflags(effect.value)
  }
}

/** Instructions of a slice behind which both differ first, and how. */
interface Found {
  readonly behind: number
  readonly unequal: readonly Unequal[]
}

interface Explained {
  readonly slice: Slice
  readonly outcome: Outcome
  readonly from: number
  readonly verdict: Verdict
}

function stateOf(engine: Engine): State {
  const state = new State()
  takeState(state, engine)
  return state
}

/** D and L of CS. Source: SDM 3A §3.4.5, §5.2.1. */
function codeSizeOf(state: State): 16 | 32 | 64 {
  const access = state.get('CS.access')
  const isProtected = (state.get('CR0') & 1n) !== 0n && (state.rflags & (1n << 17n)) === 0n
  if (isProtected && (state.get('IA32_EFER') & 0x400n) !== 0n && (access & 0x2000n) !== 0n) return 64
  return (access & 0x4000n) === 0n ? 16 : 32
}
