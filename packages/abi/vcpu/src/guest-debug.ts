import { dr6Fixed, exceptions } from '@vmm/x86-registers'
import { breakpointsAt, linearRip } from './breakpoints.ts'
import type { Engine } from './engine-port.ts'
import type { Events } from './events.ts'
import type { DebugExit } from './exit.ts'
import type { KvmGuestDebug } from './kvm/structs.ts'
import { type Refusal, refused } from './refusal.ts'

/** KVM_GUESTDBG_* bits that are obeyed. Source: Documentation/virt/kvm/api.rst §4.87. */
export const guestDebugControl = {
  enable: 0x1,
  singleStep: 0x2,
  hardwareBreakpoints: 0x2_0000,
  injectDb: 0x4_0000,
  injectBp: 0x8_0000,
} as const

const BS = 1n << 14n
const off: KvmGuestDebug = { control: 0, arch: { debugreg: [] } }

/** The VMM's own debugging of a guest, which does not know of it: single steps and instruction breakpoints. */
export class GuestDebug {
  #given: KvmGuestDebug = off

  /** KVM_SET_GUEST_DEBUG. Bits that nobody knows do nothing; without `enable` everything is off. */
  set(given: KvmGuestDebug, events: Events): Refusal | undefined {
    const { injectDb, injectBp, enable } = guestDebugControl
    if ((given.control & (injectDb | injectBp)) !== 0) {
      if (events.state.exception !== undefined) return refused('EBUSY', 'an exception waits already')
      const { vector } = (given.control & injectDb) !== 0 ? exceptions.DB : exceptions.BP
      events.state.exception = { vector, errorCode: undefined }
    }
    this.#given = (given.control & enable) === 0 ? off : given
    return undefined
  }

  get steps(): boolean {
    return (this.#given.control & guestDebugControl.singleStep) !== 0
  }

  /** Whether some instruction breakpoint is set: every instruction must be looked at. */
  get breaks(): boolean {
    return (this.#given.control & guestDebugControl.hardwareBreakpoints) !== 0 && (this.#dr7 & 0xffn) !== 0n
  }

  /** The exit for a breakpoint that the next instruction meets. */
  met(engine: Engine): DebugExit | undefined {
    if (!this.breaks) return undefined
    const hits = breakpointsAt(engine, (index) => this.#given.arch.debugreg[index] ?? 0n, Number(this.#dr7))
    return hits === 0 ? undefined : this.#exit(engine, BigInt(hits))
  }

  /** The exit after a step. */
  stepped(engine: Engine): DebugExit {
    return this.#exit(engine, BS)
  }

  get #dr7(): bigint {
    return this.#given.arch.debugreg[7] ?? 0n
  }

  #exit(engine: Engine, why: bigint): DebugExit {
    const dr7 = this.breaks ? this.#dr7 : engine.get('DR7')
    return { kind: 'debug', exception: exceptions.DB.vector, pc: linearRip(engine), dr6: dr6Fixed | why, dr7 }
  }
}
