import { anyMode, deliverEvent, deliverPlainly } from '@vmm/x86-semantics'
import type { LinkedInterpreter } from './linked-interpreter.ts'
import { modeOfWord } from './mode-word.ts'
import { at, modesOfCode } from './state-layout.ts'
import type { StateView } from './state-view.ts'

interface Event {
  readonly vector: number
  readonly kind: number
  readonly errorCode: number | undefined
  readonly returnRip: bigint
}

/** Runs the described delivery of an event in the current mode. False if it faulted: the fault has been noted. */
export function runDelivery(
  { handlers, table }: LinkedInterpreter,
  state: StateView,
  cpu: number,
  { vector, kind, errorCode, returnRip }: Event,
): boolean {
  const { codeSize, stackSize, execution, cet = false } = modeOfWord(state.word(at.mode))
  const mode = { ...anyMode, codeSize, stackSize, execution, cet }
  const slot = handlers.procedure(deliverEvent as never, mode)
  const plainSlot = handlers.procedure(deliverPlainly as never, mode)
  handlers.flush()
  // from now on the run loop finds its way there; in real mode no exception has an error code, which it does not know
  if (execution !== 'real') state.setShort(at.deliverySlots + (state.word(at.mode) & (modesOfCode - 1)) * 2, plainSlot)
  const call = table.get(slot) as (...values: (number | bigint)[]) => number | readonly [number]
  // a record of its own: nothing of the block that was interrupted is needed
  const record = cpu + at.stepBlock + 32
  const hasCode = errorCode !== undefined && execution !== 'real'
  const result = call(cpu, record, state.word(at.tlb), vector, kind, hasCode ? 1 : 0, errorCode ?? 0, returnRip)
  return (typeof result === 'number' ? result : result[0]) === 0
}
