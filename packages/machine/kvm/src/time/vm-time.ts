import type { KvmClockData } from '@vmm/kvm-uapi'
import { type Profile, resolve, run } from '@vmm/rule'
import { setClockPipeline, setVmTscKhzPipeline } from '@vmm/vcpu'
import { type Answer, done } from '../answer.ts'
import { inRelease } from '../in-release.ts'
import { clockFlagsTold } from '../rules/get-clock/clock-flags-told.behaviour.ts'
import { type SavedTscs, TscsInStep } from './tscs-in-step.ts'
import { hostKhz } from './vcpu-tsc.ts'
import type { VmClock } from './vm-clock.ts'

/** What the time of a VM goes by. */
export interface VmTimeOptions {
  readonly kernel: Profile
  readonly clock: VmClock
  /** Nanoseconds since 1970 when the clock was at 0. */
  readonly startedAt: bigint
  /** The processor can scale its counter. */
  readonly scaling: boolean
  /** The host keeps time by its counter. */
  readonly stable: boolean
  readonly tolerancePpm: number
  readonly vcpus: () => number
  /** The time that guests are told jumps: pages of paravirtual clocks are written anew. */
  readonly onJump: () => void
}

/** The time of a VM as plain data; its clock is its owner's to save. */
export interface SavedTime {
  /** What the guests' clock is ahead of the machine's. */
  readonly ahead: bigint
  /** The rate of counters to come. */
  readonly kHz: number
  readonly tscs: SavedTscs
}

/** KVM_CLOCK_REALTIME. */
const realtime = 4
/** Counters beyond it are refused where they are scaled. Source: arch/x86/kvm/x86.c kvm_timer_init, at most 31 bits. */
const mostKhz = 0x7fff_ffff

/** The time of a VM as user space reads and sets it, and its guests are told it. */
export class VmTime {
  /** The counters of its vCPUs. */
  readonly tscs: TscsInStep
  readonly #options: VmTimeOptions
  /** What the guests' clock is ahead of the machine's. */
  #ahead = 0n
  /** The rate of vCPUs that are made from now on. */
  #kHz = hostKhz

  constructor(options: VmTimeOptions) {
    this.#options = options
    this.tscs = new TscsInStep(options.kernel, options.clock)
  }

  /** Nanoseconds that kvmclock tells. */
  get now(): bigint {
    return BigInt(this.#options.clock.now()) + this.#ahead
  }

  get wall(): bigint {
    return this.#options.startedAt + BigInt(this.#options.clock.now())
  }

  /** KVM_GET_CLOCK. */
  getClock(): Pick<KvmClockData, 'clock' | 'flags' | 'realtime' | 'host_tsc'> {
    const { kernel, stable, vcpus, clock } = this.#options
    const flags = inRelease(clockFlagsTold, kernel)({ stable: stable && vcpus() > 0 })
    const both = (flags & realtime) !== 0
    return {
      clock: this.now,
      flags,
      realtime: both ? this.wall : 0n,
      host_tsc: both ? BigInt(clock.now()) : 0n,
    }
  }

  /** KVM_SET_CLOCK: with KVM_CLOCK_REALTIME, moved on by the time that has passed since. */
  setClock(given: Pick<KvmClockData, 'clock' | 'flags' | 'realtime'>): Answer<number> {
    const outcome = run(resolve(setClockPipeline, this.#options.kernel), { given })
    if (outcome.kind === 'refused') return outcome.refusal
    const passed = (given.flags & realtime) !== 0 && this.wall > given.realtime ? this.wall - given.realtime : 0n
    this.#ahead = given.clock + passed - BigInt(this.#options.clock.now())
    this.#options.onJump()
    return done(0, outcome.unread)
  }

  /** KVM_GET_TSC_KHZ of a VM: the rate of vCPUs to come. */
  get kHz(): number {
    return this.#kHz
  }

  /** KVM_SET_TSC_KHZ of a VM. */
  setKhz(asked: number): Answer<number> {
    const outcome = run(resolve(setVmTscKhzPipeline, this.#options.kernel), this.khzCase(asked))
    if (outcome.kind === 'refused') return outcome.refusal
    this.#kHz = asked === 0 ? hostKhz : asked
    return done(0, outcome.unread)
  }

  save(): SavedTime {
    return { ahead: this.#ahead, kHz: this.#kHz, tscs: this.tscs.save() }
  }

  restore({ ahead, kHz, tscs }: SavedTime): void {
    this.#ahead = ahead
    this.#kHz = kHz
    this.tscs.restore(tscs)
  }

  /** What rules about rates look at. */
  khzCase(given: number) {
    const { scaling, tolerancePpm, vcpus } = this.#options
    return { given, hostKhz, scaling, mostKhz, tolerancePpm, hasVcpus: vcpus() > 0 }
  }
}
