import { pvclockTimeInfo, pvclockWallClock, timeScale, wallClockAt } from '@vmm/kvmclock'
import type { VmClock } from './vm-clock.ts'

/** What kvmclock tells guests from. */
export interface ParavirtualClockOptions {
  readonly clock: VmClock
  /** The vCPU's time-stamp counter now, and how many times a second it counts. */
  readonly timeStamp: () => bigint
  readonly tscHz: number
  /** Nanoseconds since 1970 when the VM's clock was at 0. */
  readonly startedAt: bigint
  /** Stores to guest memory; false where there is none. */
  readonly store: (address: number, bytes: Uint8Array) => boolean
}

const wallClockRegisters: readonly number[] = [0x11, 0x4b56_4d00]
/** KVM_MSR_ENABLED: the register holds an address, and the clock is on. */
const enabled = 1n
/** Even: nobody is in the middle of writing it. */
const stableVersion = 2
const tscStable = 1

/**
 * A guest wrote a register of kvmclock: what it asks for is stored where it says. The counter never changes its pace, so
 * the time need not be told again.
 */
export function writeParavirtualClock(index: number, value: bigint, options: ParavirtualClockOptions): void {
  const { clock, timeStamp, tscHz, startedAt, store } = options
  if (wallClockRegisters.includes(index)) {
    store(Number(value), pvclockWallClock(wallClockAt(startedAt, stableVersion)))
    return
  }
  if ((value & enabled) === 0n) return
  const info = pvclockTimeInfo({
    version: stableVersion,
    tscTimestamp: timeStamp(),
    systemTime: BigInt(clock.now()),
    ...timeScale(tscHz),
    flags: tscStable,
  })
  store(Number(value & ~enabled), info)
}
