import { tscWrittenByHost } from '@vmm/msr'
import type { Profile } from '@vmm/rule'
import { inRelease } from '../in-release.ts'
import type { VcpuTsc } from './vcpu-tsc.ts'
import type { VmClock } from './vm-clock.ts'

/** The last value that was given to a counter of the VM, when, at which rate, and what was added to the machine's for it. */
interface LastWrite {
  readonly at: number
  readonly value: bigint
  readonly kHz: number
  readonly offset: bigint
}

/** What of the counters in step is none of any one of them, as plain data. */
export interface SavedTscs {
  readonly last: LastWrite
  readonly offset: bigint
  readonly userHasSet: boolean
}

/** Nobody has given one: no counter counts at this rate. */
const nothingWritten: LastWrite = { at: 0, value: 0n, kHz: 0, offset: 0n }

/**
 * The time-stamp counters of a VM's vCPUs: one that is given about what another shows is taken to be meant to show the same, since
 * user space cannot write all of them at once. Source: arch/x86/kvm/x86.c kvm_synchronize_tsc (Linux 6.1 and 6.12).
 */
export class TscsInStep {
  readonly #clock: VmClock
  readonly #isInStep
  #last = nothingWritten
  /** What is added for all that are in step. */
  #offset = 0n
  #userHasSet = false

  constructor(kernel: Profile, clock: VmClock) {
    this.#clock = clock
    this.#isInStep = inRelease(tscWrittenByHost, kernel)
  }

  /** A vCPU is made: its counter begins at 0, or is in step with those there are. */
  create(tsc: VcpuTsc): void {
    this.#write(tsc, 0n)
  }

  /** User space writes IA32_TIME_STAMP_COUNTER. */
  write(tsc: VcpuTsc, value: bigint): void {
    this.#write(tsc, value)
    this.#userHasSet = true
  }

  /** User space sets KVM_VCPU_TSC_OFFSET: that is taken as it is. */
  move(tsc: VcpuTsc, offset: bigint): void {
    const isInStep = this.#last.kHz === tsc.kHz && this.#last.offset === offset
    this.#userHasSet = true
    this.#give(tsc, offset, BigInt.asUintN(64, tsc.scaled + offset), isInStep)
  }

  save(): SavedTscs {
    return { last: this.#last, offset: this.#offset, userHasSet: this.#userHasSet }
  }

  restore({ last, offset, userHasSet }: SavedTscs): void {
    this.#last = last
    this.#offset = offset
    this.#userHasSet = userHasSet
  }

  #write(tsc: VcpuTsc, data: bigint): void {
    const { at, value, kHz } = this.#last
    const expected = value + tsc.ticksIn(this.#clock.now() - at)
    const isInStep = this.#isInStep({
      ...{ data, kHz: tsc.kHz, userHasSet: this.#userHasSet },
      last: { expected, kHz },
    })
    this.#give(tsc, isInStep ? this.#offset : BigInt.asUintN(64, data - tsc.scaled), data, isInStep)
  }

  #give(tsc: VcpuTsc, offset: bigint, value: bigint, isInStep: boolean): void {
    tsc.offset = offset
    this.#last = { at: this.#clock.now(), value, kHz: tsc.kHz, offset }
    if (!isInStep) this.#offset = offset
  }
}
