import { exceptions } from '@vmm/x86-registers'
import { unanswered } from '@vmm/x86-semantics'
import type { Engine } from './engine-port.ts'
import { type Fatality, internalErrors, type VcpuExit } from './exit.ts'
import { escalate, type Pending } from './faults.ts'
import type { Observer } from './observer.ts'

/** How an event came about, by the number that engines know it by. */
export const deliveryKind = { exception: 0, software: 1, external: 2, trap: 3 } as const

const RF = 1n << 16n

/** Delivers an exception or interrupt, and what its delivery runs into. Gives an exit where that cannot go on. */
export function deliver(engine: Engine, first: Pending, kind: number, observer?: Observer): VcpuExit | undefined {
  const because: Fatality[] = []
  const betweenRounds = engine.get('REPEATING') !== 0n
  engine.set('REPEATING', 0n)
  let rip = engine.get('RIP')
  let now = first
  let how = kind
  for (;;) {
    because.push({ ...now, rip })
    const flags = engine.get('RFLAGS')
    if (betweenRounds || isFault(now.vector, how)) engine.set('RFLAGS', flags | RF)
    const met = engine.deliver(now.vector, how, now.errorCode, rip)
    if (met === undefined) return trapOf(engine, observer)
    if (met.moved === true) rip = engine.get('RIP')
    else {
      engine.set('RFLAGS', flags)
      engine.set('RIP', rip)
    }
    if (met.vector === unanswered) return undeliverable(now.vector)
    const next = how === deliveryKind.external ? met : escalate(now, met)
    if (next === 'shutdown') {
      observer?.leave('TRIPLE_FAULT', rip)
      return { kind: 'shutdown', because: [...because, { ...met, rip }] }
    }
    now = next
    how = deliveryKind.exception
  }
}

/** What the delivery itself met: breakpoints on what it wrote, and the T bit of the task it switched to. */
function trapOf(engine: Engine, observer?: Observer): VcpuExit | undefined {
  const hits = engine.takeDebugHits()
  if (hits === 0) return undefined
  engine.set('DR6', engine.get('DR6') | BigInt(hits))
  return deliver(engine, { vector: exceptions.DB.vector, errorCode: undefined }, deliveryKind.trap, observer)
}

/**
 * The image of a fault has RF set, so that an instruction breakpoint does not fire again; and that of whatever comes between
 * two rounds of a repeated string instruction. Source: SDM 3B §18.3.1.1.
 */
export function isFault(vector: number, kind: number): boolean {
  const trapsByNature: readonly number[] = [exceptions.BP.vector, exceptions.OF.vector, exceptions.DB.vector]
  return kind === deliveryKind.exception && !trapsByNature.includes(vector)
}

/** The IDT, a descriptor or the stack is where no memory is. */
export function undeliverable(vector: number): VcpuExit {
  return {
    kind: 'internal-error',
    suberror: internalErrors.deliveryOfEvent,
    data: [BigInt(vector)],
    says: `vector ${vector} could not be delivered: its way leads through memory that is not there`,
  }
}
