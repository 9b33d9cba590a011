import type { Profile } from '@vmm/rule'
import type { Vcpu } from '@vmm/vcpu'
import { inRelease } from '../in-release.ts'
import { type LeftRun, preemptedTold } from '../rules/run/preempted-told.behaviour.ts'
import type { VmClock } from './vm-clock.ts'

/** What steal time of a vCPU is told from. */
export interface StealTimeOptions {
  readonly kernel: Profile
  readonly vcpu: Vcpu
  readonly clock: VmClock
  /** What MSR_KVM_STEAL_TIME holds. */
  readonly register: () => bigint
  /** Whether the guest has others flush its translations by a flag: KVM_FEATURE_PV_TLB_FLUSH. */
  readonly flushesByFlag: () => boolean
}

/** MSR_KVM_STEAL_TIME: whether it is on, and where its record is. */
const enabled = 1n
const address = ~0x3fn
/** struct kvm_steal_time. Source: arch/x86/include/uapi/asm/kvm_para.h. */
const at = { steal: 0, version: 8, preempted: 16, end: 64 } as const
const preempted = 1
const flushTlb = 2

/**
 * The record in a guest's memory of how long its processor was ready and did not run. Source: arch/x86/kvm/x86.c record_steal_time,
 * kvm_steal_time_set_preempted (Linux 6.1 and 6.12).
 */
export class StealTime {
  readonly #options: StealTimeOptions
  readonly #tells: (left: LeftRun) => boolean
  /** What of the wait has been told. */
  #told = 0
  /** The guest has its record, as it was last told. */
  #keeps = false

  constructor(options: StealTimeOptions) {
    this.#options = options
    this.#tells = inRelease(preemptedTold, options.kernel)
  }

  /** The guest is entered, or has just said where its record is. Its version is odd while it is written. */
  record(): void {
    const found = this.#find()
    this.#keeps = found !== undefined
    if (found === undefined) return
    const { vcpu, clock, flushesByFlag } = this.#options
    const { bytes, where } = found
    const view = new DataView(bytes.buffer)
    if (flushesByFlag() && ((bytes[at.preempted] ?? 0) & flushTlb) !== 0) vcpu.engine.flushTranslations()
    const version = view.getUint32(at.version, true)
    const waited = clock.waitedForProcessor?.() ?? 0
    bytes[at.preempted] = 0
    view.setUint32(at.version, version + ((version & 1) === 1 ? 3 : 2), true)
    view.setBigUint64(at.steal, view.getBigUint64(at.steal, true) + BigInt(waited - this.#told), true)
    this.#told = waited
    vcpu.engine.writePhysical(where, bytes)
  }

  /** KVM_RUN has come back: who was never told anything has no use for it. */
  leave(left: LeftRun): void {
    const found = this.#keeps ? this.#find() : undefined
    if (found === undefined || !this.#tells(left)) return
    this.#options.vcpu.engine.writePhysical(found.where + at.preempted, Uint8Array.of(preempted))
  }

  /** The record, where it is in memory; a copy of its bytes. */
  #find(): { readonly where: number; readonly bytes: Uint8Array<ArrayBuffer> } | undefined {
    const register = this.#options.register()
    if (register === 0n || (register & enabled) === 0n) return undefined
    const where = Number(register & address)
    const bytes = this.#options.vcpu.engine.physical(where)?.slice(0, at.end)
    return bytes === undefined || bytes.length < at.end ? undefined : { where, bytes: Uint8Array.from(bytes) }
  }
}
