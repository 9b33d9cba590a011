import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Bell } from './bell.ts'
import type { Ending } from './ending.ts'
import type { GuestConsole } from './guest-console.ts'
import type { Input } from './input.ts'
import type { RunningMachine, SerialLine } from './machine-port.ts'
import type { Outcome } from './outcome.ts'

const sliceInstructions = 2_000_000
/** Nothing that is waited for is looked at less often, in milliseconds. */
const longestWait = 1000
/** Who has interrupts off and has not run for so much guest time will not be woken by a timer either. */
const hopelessNanoseconds = 10e9

/** What may end a run before the guest does. */
export interface Limits {
  /** Instructions of the machine. */
  readonly instructions: number
  /** By `performance.now()`. */
  readonly deadline: number
  /** Limits as the person gave them. */
  readonly says: { readonly instructions: string; readonly time: string }
}

/** All that a run is made of. */
export interface Running {
  readonly machine: RunningMachine
  readonly line: SerialLine
  readonly console: GuestConsole
  readonly input: Input
  readonly ending: Pick<Ending, 'wish'>
  readonly bell: Bell
  readonly clock: 'real' | 'virtual'
  readonly limits: Limits
  /** Called between slices: writes what the guest wrote, and looks after the rest of the world. */
  readonly attend: () => Promise<void>
}

/** How long a guest has been idle. */
interface Idling {
  since: number
  instructions: number
  /** Nanoseconds that it has slept since it wrote last, and when that was. */
  slept: number
  silentSince: number
}

/**
 * Runs a machine in slices until something ends the run; between slices the event loop lives. A slow machine stops for breath
 * within a slice, too, but only a whole slice is when a guest that never rests is given input: that must not depend on the engine.
 */
export async function untilEnd(running: Running): Promise<Outcome> {
  const { machine, limits } = running
  const idling: Idling = { since: 0, instructions: -1, slept: 0, silentSince: 0 }
  let sliceEnd = machine.instructions + sliceInstructions
  for (;;) {
    const result = machine.slice(Math.min(sliceEnd, limits.instructions) - machine.instructions)
    await running.attend()
    if (result.kind === 'ended') return afterPanic(result.end, running.console)
    const outcome = limitReached(running)
    if (outcome !== undefined) return outcome
    await nextTurn()
    if (running.ending.wish !== undefined) return running.ending.wish
    if (result.kind === 'running' && machine.breath !== undefined && machine.instructions < sliceEnd) continue
    if (result.kind === 'running') offered(running)
    else if (!(await idled(running, result.until, idling))) return hopeless
    sliceEnd = machine.instructions + sliceInstructions
  }
}

const hopeless: Outcome = { kind: 'halted', says: 'halted: nothing can wake the processor any more' }

/** Somebody who polls is never idle, and may read all the same. */
function offered({ machine, input, line, console }: Running): void {
  // where time is the host's, who is silent for long may compute for long
  const now = machine.timeIsHosts === true ? console.lastAt : machine.now()
  input.offer(line, { console, is: 'busy' }, now)
}

/** A reset after a panic is the panic's end. */
function afterPanic(end: Outcome, { panic }: GuestConsole): Outcome {
  return end.kind === 'reset' && panic !== undefined ? { kind: 'guest-panic', says: panic } : end
}

/** The end of a run that the guest has not ended: a limit, or a guest that has given itself up. */
export function limitReached({ machine, console, limits }: Running): Outcome | undefined {
  if (console.isGivenUp) return { kind: 'guest-panic', says: console.panic ?? '' }
  if (machine.instructions >= limits.instructions)
    return { kind: 'instruction-limit', says: `limit reached: ${limits.says.instructions} instructions` }
  if (performance.now() >= limits.deadline)
    return { kind: 'time-limit', says: `limit reached: ${limits.says.time} seconds` }
  return undefined
}

/** Nothing to run until a timer fires or input comes. Gives whether either can. */
async function idled(running: Running, until: number, idling: Idling): Promise<boolean> {
  const { machine, input, console, line, limits } = running
  const forever = until === Number.POSITIVE_INFINITY
  const reader = { console, is: forever ? 'idle for ever' : 'idle' } as const
  if (machine.suspended) {
    if (input.wakes(forever)) machine.wake()
    if (!machine.suspended) return true
  } else if (input.offer(line, reader, silentUntil(running, idling)) > 0) return true
  if (idling.instructions !== machine.instructions) {
    idling.instructions = machine.instructions
    idling.since = machine.now()
  }
  if (isHopeless(running, forever, machine.now() - idling.since)) {
    // a person who set a limit has said when to stop
    if (limits.deadline === Number.POSITIVE_INFINITY) return false
    await waited(running, Number.POSITIVE_INFINITY)
  } else if (running.clock === 'real' || forever || (input.awaited && console.atPrompt)) {
    const from = machine.now()
    await waited(running, until)
    idling.slept += machine.now() - from
  } else machine.warpTo(until)
  return true
}

/** When the guest would be silent until, if it had slept ever since it wrote last: it has done more than that where time is the host's. */
function silentUntil({ machine, console }: Running, idling: Idling): number {
  if (machine.timeIsHosts !== true) return machine.now()
  if (idling.silentSince !== console.lastAt) Object.assign(idling, { silentSince: console.lastAt, slept: 0 })
  return console.lastAt + idling.slept
}

function isHopeless({ machine, input }: Running, forever: boolean, idle: number): boolean {
  if (!machine.canWake) return forever || idle >= hopelessNanoseconds
  return forever && !input.awaited
}

/** Lets wall-clock time pass, in the guest as outside, until a guest time, a sound of the bell, or the limit. */
async function waited({ machine, bell, limits }: Running, until: number): Promise<void> {
  const [started, from] = [performance.now(), machine.now()]
  await bell.wait(Math.max(0, Math.min((until - from) / 1e6, limits.deadline - started, longestWait)))
  machine.warpTo(Math.min(until, from + (performance.now() - started) * 1e6))
}
