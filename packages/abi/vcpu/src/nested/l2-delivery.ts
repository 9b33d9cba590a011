import { CopiedField, exceptionExits, exitNumbers, type InterruptionType, type TransitEvent } from '@vmm/nested-vmx'
import { exceptions } from '@vmm/x86-registers'
import { secondLevelFault, unanswered } from '@vmm/x86-semantics'
import { codeSizeOf } from '../code-size.ts'
import { deliveryKind, isFault, undeliverable } from '../delivery.ts'
import type { VcpuExit } from '../exit.ts'
import { escalate, type Pending } from '../faults.ts'
import type { L2Exit } from './l2-exit.ts'
import { softwareEventOf } from './software-event.ts'
import { becomesException } from './virtualization-exception.ts'
import type { VmxOperation } from './vmx-operation.ts'

/** An event on its way to L2. */
export interface L2Event extends Pending {
  readonly type: InterruptionType
  /** By the number that engines know it by. */
  readonly kind: number
  /** Bytes of the instruction that raised it, behind which it returns; 0 for what no instruction raises. */
  readonly length: number
  /** Whether L1 is asked first: what an entry injects comes from L1. */
  readonly asked: boolean
}

const RF = 1n << 16n
/** The capability to tell of a linear address's page, and where a qualification does. Source: SDM 3D A.10; SDM 3C 28.2.1, Table 28-7. */
const [violationInformation, pageBits] = [1n << 22n, 0xe00n] as const
const { BP, DB, DF, PF } = exceptions

/** Exit qualification of a guest-physical access to the APIC-access page. Source: SDM 3C 28.2.1, Table 28-6. */
const apicAccessByDelivery = 0xa000n

const keptCr2 = new CopiedField('CR2', 'CR2_KEPT')

/** How the exceptions of L2 that meet nobody's wish to see them come to it, and others to L1. */
export class L2Delivery {
  readonly #operation: VmxOperation
  /** An event is being delivered. */
  isUnderWay = false

  constructor(operation: VmxOperation) {
    this.#operation = operation
  }

  /** Whether an exception of L2's leaves for L1. */
  leaves(vector: number, errorCode: number | undefined): boolean {
    return exceptionExits(this.#operation.state.vmcs, vector, errorCode)
  }

  /** Page faults that happen from here on leave CR2 as it is where they are L1's. */
  keepCr2(): void {
    keptCr2.copy(this.#operation.engine)
  }

  /** An exception, or an interrupt, of L2's own. */
  raise({ vector, errorCode }: Pending, kind: number): VcpuExit | undefined {
    const external = kind === deliveryKind.external
    const nmi = external && vector === exceptions.NMI.vector
    const type = nmi ? 'NMI' : external ? 'external interrupt' : typeOf(vector)
    return this.deliver({ vector, errorCode, type, kind, length: 0, asked: !external })
  }

  /** What an entry injects: L1 has said that L2 is to have it. */
  inject({ type, vector, errorCode }: TransitEvent, length: number): VcpuExit | undefined {
    const returns = type === 'software interrupt' || type === 'software exception'
    const external = type === 'external interrupt' || type === 'NMI'
    // RFLAGS are as L1 wants them in the image: a trap's way
    const kind = returns ? deliveryKind.software : external ? deliveryKind.external : deliveryKind.trap
    const behind = returns || type === 'privileged software exception' ? length : 0
    return this.deliver({ vector, errorCode, type, kind, length: behind, asked: false })
  }

  /** An exception that an instruction of L2 has met, perhaps while it raised an event. */
  met({ vector, errorCode }: Pending): VcpuExit | undefined {
    return this.deliver(hardware(vector, errorCode), this.#underWay())
  }

  /** Delivers an event, met perhaps while another one was, and what its delivery runs into: to L2, or to L1 as an exit. */
  deliver(first: L2Event, during?: L2Event): VcpuExit | undefined {
    const { engine } = this.#operation
    const betweenRounds = engine.get('REPEATING') !== 0n
    engine.set('REPEATING', 0n)
    let now = first
    let before = during
    for (;;) {
      if (now.asked && this.leaves(now.vector, now.errorCode)) return this.#exitFor(now, before)
      const rip = engine.get('RIP')
      const flags = engine.get('RFLAGS')
      if (betweenRounds || isFault(now.vector, now.kind)) engine.set('RFLAGS', flags | RF)
      this.keepCr2()
      this.isUnderWay = true
      const met = engine.deliver(now.vector, now.kind, now.errorCode, rip + BigInt(now.length))
      this.isUnderWay = false
      if (met === undefined) return this.#delivered()
      if (met.moved !== true) {
        engine.set('RFLAGS', flags)
        engine.set('RIP', rip)
      }
      const next = this.#next(now, met)
      if ('kind' in next && next.kind !== 'again') return next.exit
      before = now
      now = next.event
    }
  }

  /** Data breakpoints and the like, behind an instruction or a delivery: DR6 tells of them only where L2 gets them. */
  debug(why: bigint, kind: number): VcpuExit | undefined {
    const { engine, state } = this.#operation
    if (exceptionExits(state.vmcs, DB.vector, undefined)) {
      const event = { type: 'hardware exception', vector: DB.vector, errorCode: undefined } as const
      return this.#operation.leave({ reason: exitNumbers.EXCEPTION_NMI, qualification: why, event })
    }
    engine.set('DR6', engine.get('DR6') | why)
    return this.deliver({ ...hardware(DB.vector, undefined), kind, asked: false })
  }

  /** What the delivery of one event met: another event, or the end of it. */
  #next(now: L2Event, met: Pending): Met {
    const operation = this.#operation
    if (met.vector === secondLevelFault) return gone(operation.leave(this.#secondLevel(met.errorCode ?? 0, now)))
    if (met.vector === unanswered) {
      const due = operation.takeExit()
      if (due === undefined) return gone(undeliverable(now.vector))
      return gone(operation.leave({ ...due, length: now.length, vectoring: told(now) }))
    }
    const next = now.kind === deliveryKind.external ? met : escalate(now, met)
    if (next === 'shutdown') return gone(operation.leave({ reason: exitNumbers.TRIPLE_FAULT }))
    return { kind: 'again', event: hardware(next.vector, next.errorCode) }
  }

  /** EPT has let a translation not be made, for an instruction: L1 is told, or L2 itself. */
  refused(reason: number): VcpuExit | undefined {
    const operation = this.#operation
    const during = this.#underWay()
    const exit = this.#secondLevel(reason, during)
    if (during !== undefined || !becomesException(operation.state, operation.engine, exit)) return operation.leave(exit)
    return this.raise({ vector: exceptions.VE.vector, errorCode: undefined }, deliveryKind.exception)
  }

  /** What L1 is told of a translation that EPT has let not be made, perhaps while an event was delivered. */
  #secondLevel(reason: number, during?: L2Event): L2Exit {
    const { engine } = this.#operation
    const length = during?.length ?? 0
    const vectoring = during === undefined ? undefined : told(during)
    if (reason === exitNumbers.PML_FULL) return { reason, vectoring, length }
    const [physical, linear] = [engine.get('EPT_ADDRESS'), engine.get('EPT_LINEAR')]
    const qualification = this.#qualificationOf(reason, during)
    return { reason, qualification, vectoring, length, physical, linear }
  }

  #qualificationOf(reason: number, during: L2Event | undefined): bigint {
    const { engine, facts } = this.#operation
    if (reason === exitNumbers.APIC_ACCESS && during !== undefined) return apicAccessByDelivery
    const told = engine.get('EPT_QUALIFICATION')
    const ofPage = (facts.msrs.IA32_VMX_EPT_VPID_CAP & violationInformation) !== 0n
    return reason !== exitNumbers.EPT_VIOLATION || ofPage ? told : told & ~pageBits
  }

  /** The event that the instruction at RIP was raising when it met something. */
  #underWay(): L2Event | undefined {
    const { engine } = this.#operation
    if (engine.executing().rip !== engine.get('RIP')) return undefined
    const raised = softwareEventOf(engine.executingCode(), codeSizeOf(engine) === 64)
    if (raised === undefined) return undefined
    const { software } = deliveryKind
    return { ...raised, errorCode: undefined, kind: software, length: engine.executingBytes, asked: false }
  }

  #exitFor(event: L2Event, during: L2Event | undefined): VcpuExit | undefined {
    const { engine } = this.#operation
    const isFaultOfPage = event.vector === PF.vector
    const qualification = isFaultOfPage ? engine.get('CR2') : 0n
    if (isFaultOfPage) engine.set('CR2', engine.get('CR2_KEPT'))
    // a double fault never counts as met during a delivery
    const vectoring = during === undefined || event.vector === DF.vector ? undefined : told(during)
    const isProtected = (engine.get('CR0') & 1n) !== 0n
    return this.#operation.leave({
      ...{
        reason: exitNumbers.EXCEPTION_NMI,
        qualification,
        vectoring,
        length: vectoring === undefined ? 0 : (during?.length ?? 0),
      },
      event: { ...told(event), errorCode: isProtected ? event.errorCode : undefined },
    })
  }

  /** A monitor trap follows a delivery as it does an instruction. Source: SDM 3C 26.5.2 Monitor Trap Flag. */
  #delivered(): VcpuExit | undefined {
    const { engine, state, trapsEach } = this.#operation
    if (trapsEach) state.mtfPending = true
    const hits = engine.takeDebugHits()
    return hits === 0 ? undefined : this.debug(BigInt(hits), deliveryKind.trap)
  }
}

type Met =
  | { readonly kind: 'again'; readonly event: L2Event }
  | { readonly kind: 'gone'; readonly exit: VcpuExit | undefined }

const gone = (exit: VcpuExit | undefined): Met => ({ kind: 'gone', exit })

const hardware = (vector: number, errorCode: number | undefined): L2Event => ({
  ...{ vector, errorCode, type: typeOf(vector), kind: deliveryKind.exception, length: 0, asked: true },
})

const told = ({ type, vector, errorCode }: L2Event): TransitEvent => ({ type, vector, errorCode })

const typeOf = (vector: number): InterruptionType =>
  vector === BP.vector || vector === exceptions.OF.vector ? 'software exception' : 'hardware exception'
