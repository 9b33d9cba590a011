import type { KvmFile } from '@vmm/kvm'
import { callsFrom, type HostileCall } from './calls.ts'
import { HostileProcess, type Interrupts } from './process.ts'
import { stateOf } from './state.ts'

/** Calls that may have changed something although they failed, as in the kernel; and why. */
export const changesAlthoughRefused: ReadonlyMap<string, string> = new Map([
  ['KVM_RUN', 'a guest runs until a signal comes'],
  ['KVM_SET_VCPU_EVENTS', 'what is checked late is checked when the first parts are set'],
  ['KVM_SET_NESTED_STATE', 'the nested state that was is left before what is new is looked at'],
  ['KVM_SET_XCRS', 'the first register is set, then another is not'],
  ['KVM_SET_SREGS', 'registers are set, then one of them is not'],
  ['KVM_SET_SREGS2', 'registers are set, then one of them is not'],
  ['KVM_GET_CPUID2', 'a table that waits to be brought up to date is, before there is found to be no room'],
])

/** Its number of pages is 32 bits with a sign. */
const returnsAnything = 'KVM_GET_NR_MMU_PAGES'
const secondsOfACall = 5

/** What a list of calls showed that should not be, and at which call; nothing, if all is well. */
export interface Wrong {
  readonly kernel: string
  readonly call: string
  readonly says: string
}

/** What a list of calls is made to. */
interface Where {
  readonly kernel: string
  readonly interrupts: Interrupts
}

const interruptsBySeed = ['none', 'irqchip', 'split'] as const

/** After which calls that fail the state is looked at: none, those that change nothing in the kernel, or all. */
export type Looks = 'never' | 'where nothing may change' | 'always'

/** Makes calls in a new process, and looks at the state before and after those that fail. */
function play(where: Where, calls: readonly HostileCall[], looks: Looks): Wrong | undefined {
  const { kernel, interrupts } = where
  const process = new HostileProcess(kernel, interrupts)
  for (const call of calls) {
    const says = wrongWith(process, call, looks)
    if (says !== undefined) return { kernel, call: tell(call), says }
  }
  return undefined
}

function wrongWith(process: HostileProcess, call: HostileCall, looks: Looks): string | undefined {
  const file = process.fileOf(call)
  const vcpu =
    looks !== 'never' && file?.isOpen === true && file.object.kind === 'vcpu' && call.afterwards !== 'close'
      ? file
      : undefined
  const before = vcpu && settledState(process, vcpu)
  const began = performance.now()
  try {
    const { value, rule } = process.make(call)
    if (!Number.isInteger(value)) return `it returned ${value}`
    if (value < -4095 && call.name !== returnsAnything) return `it returned ${value}, which is no error number`
    if (performance.now() - began > 1000 * secondsOfACall) return `it took ${performance.now() - began} ms`
    if (before === undefined || vcpu === undefined || value >= 0) return undefined
    if (looks !== 'always' && changesAlthoughRefused.has(call.name)) return undefined
    const after = stateOf(process, vcpu)
    const changed = [...before.keys()].filter((name) => before.get(name) !== after.get(name))
    return changed.length === 0
      ? undefined
      : `it failed (${value}, ${rule}), and ${changed.join(', ')} tell something else`
  } catch (error) {
    return `it threw ${(error as Error).stack?.split('\n').slice(0, 4).join(' ')}`
  }
}

/** Asking for the MP state takes an INIT that waits, as in the kernel: what is told the second time stays. */
function settledState(process: HostileProcess, vcpu: KvmFile): ReturnType<typeof stateOf> {
  stateOf(process, vcpu)
  return stateOf(process, vcpu)
}

function tell({ name, request, argument, bytes }: HostileCall): string {
  return `${name} ${request.toString(16)} at ${argument.toString(16)} with ${Buffer.from(bytes)
    .toString('hex')
    .replace(/(00)+$/, '')}`
}

/** The first wrong of a list by chance, with no more calls than it needs. */
export function findWrong(
  kernel: string,
  seed: number,
  count: number,
  looks: Looks,
): { readonly wrong: Wrong; readonly after: readonly string[] } | undefined {
  let calls = callsFrom(seed, count)
  const where = { kernel, interrupts: interruptsBySeed[seed % interruptsBySeed.length] ?? 'none' }
  let wrong = play(where, calls, looks)
  if (wrong === undefined) return undefined
  // halves, quarters, and so on down to single calls, from the end
  for (let size = calls.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = calls.length - size; at > -size; at -= size) {
      const fewer = calls.toSpliced(Math.max(0, at), size + Math.min(0, at))
      const still = play(where, fewer, looks)
      if (still !== undefined) [calls, wrong] = [fewer, still]
    }
  }
  return { wrong, after: calls.map(tell) }
}
