import type { KvmGuestDebug } from '@vmm/kvm-uapi'
import { refusalOf } from '@vmm/rule'
import { dr6Fixed, exceptions } from '@vmm/x86-registers'
import { breakpointsAt } from './breakpoints.ts'
import type { Engine } from './engine-port.ts'
import type { Events } from './events.ts'
import type { DebugExit } from './exit.ts'
import type { KeptPromises } from './kept-promises.ts'
import type { Refusal } from './refusal.ts'

/** KVM_GUESTDBG_* bits that are obeyed. Source: Documentation/virt/kvm/api.rst §4.87. */
export const guestDebugControl = {
  enable: 0x1,
  singleStep: 0x2,
  softwareBreakpoints: 0x1_0000,
  hardwareBreakpoints: 0x2_0000,
  injectDb: 0x4_0000,
  injectBp: 0x8_0000,
  blockIrq: 0x10_0000,
} as const

const BS = 1n << 14n
const off: KvmGuestDebug = { control: 0, arch: { debugreg: [] } }

/** The VMM's own debugging of a guest, which does not know of it: single steps, INT3, and debug registers in place of the guest's. */
export class GuestDebug {
  #given: KvmGuestDebug = off
  #holds = false

  /** KVM_SET_GUEST_DEBUG. Bits that nobody knows do nothing; without `enable` everything is off. */
  set(given: KvmGuestDebug, events: Events, engine: Engine, promises: KeptPromises): Refusal | undefined {
    const { injectDb, injectBp, enable } = guestDebugControl
    const exceptionPending = events.state.exception.stage === 'raised' || events.state.tripleFault
    const refusal = refusalOf(promises.setGuestDebug, { control: given.control, exceptionPending, inForce: 0 })
    if (refusal !== undefined) return refusal
    if ((given.control & (injectDb | injectBp)) !== 0) {
      const { vector } = (given.control & injectDb) !== 0 ? exceptions.DB : exceptions.BP
      events.state.exception = { vector, errorCode: undefined, stage: 'raised', payload: undefined }
    }
    this.#given = (given.control & enable) === 0 ? off : given
    const { dr7 } = this
    engine.breakInstead(dr7 === undefined ? undefined : { address: this.#address, dr7 })
    return undefined
  }

  /** Whether the VMM debugs at all. */
  get isOn(): boolean {
    return this.#does(guestDebugControl.enable)
  }

  /** NMIs and interrupts wait until it is over. */
  get blocksInterrupts(): boolean {
    return this.#does(guestDebugControl.blockIrq)
  }

  get steps(): boolean {
    return this.#does(guestDebugControl.singleStep)
  }

  /** DR7 of the VMM's own breakpoints; undefined while the guest's are in force. */
  get dr7(): number | undefined {
    if (!this.#does(guestDebugControl.hardwareBreakpoints)) return undefined
    return Number((this.#given.arch.debugreg[7] ?? 0n) & 0xffff_ffffn)
  }

  /** The exit for a breakpoint that the next instruction meets. */
  met(engine: Engine): DebugExit | undefined {
    const { dr7 } = this
    const hits = dr7 === undefined ? 0 : breakpointsAt(engine, this.#address, dr7)
    return hits === 0 ? undefined : this.#exit(engine, BigInt(hits))
  }

  /** The exit behind an instruction: after a step, or after data breakpoints were met. */
  stopped(engine: Engine, hits: number): DebugExit {
    return this.#exit(engine, BigInt(hits) | (this.steps ? BS : 0n))
  }

  /** INT3 is about to happen: whether it is the VMM's. */
  holdBreakpoint(): boolean {
    this.#holds = this.#does(guestDebugControl.softwareBreakpoints)
    return this.#holds
  }

  /** The exit for an INT3 that is the VMM's; RIP is still there. */
  held(engine: Engine): DebugExit | undefined {
    if (!this.#holds) return undefined
    this.#holds = false
    return { kind: 'debug', exception: exceptions.BP.vector, pc: engine.linearRip }
  }

  readonly #address = (index: 0 | 1 | 2 | 3): bigint => this.#given.arch.debugreg[index] ?? 0n

  #does(control: number): boolean {
    return (this.#given.control & control) !== 0
  }

  #exit(engine: Engine, why: bigint): DebugExit {
    // bit 10 is always set in the register itself: SDM 3B §18.2.4
    const dr7 = BigInt(this.dr7 ?? Number(engine.get('DR7'))) | 0x400n
    return { kind: 'debug', exception: exceptions.DB.vector, pc: engine.linearRip, dr6: dr6Fixed | why, dr7 }
  }
}
