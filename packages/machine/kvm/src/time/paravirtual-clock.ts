import { pvclockTimeInfo, pvclockWallClock, timeScale, wallClockAt } from '@vmm/kvmclock'

/** What kvmclock tells guests from. */
export interface ParavirtualClockOptions {
  /** Nanoseconds since the VM started. */
  readonly now: bigint
  /** The vCPU's time-stamp counter now, and how many times a second it counts. */
  readonly timeStamp: bigint
  readonly tscHz: number
  /** Nanoseconds since 1970 when the VM started. */
  readonly bootedAt: bigint
  /** Whether it is told that it was stopped. */
  readonly guest: 'goes on' | 'stopped'
  /** Stores to guest memory; false where there is none. */
  readonly store: (address: number, bytes: Uint8Array) => boolean
}

const wallClockRegisters: readonly number[] = [0x11, 0x4b56_4d00]
/** KVM_MSR_ENABLED: the register holds an address, and the clock is on. */
const enabled = 1n
/** Even: nobody is in the middle of writing it. */
const stableVersion = 2
const tscStable = 1
const guestStopped = 2

/**
 * A guest wrote a register of kvmclock: what it asks for is stored where it says. It is told
 * again when user space sets the clock.
 */
export function writeParavirtualClock(index: number, value: bigint, options: ParavirtualClockOptions): void {
  const { now, timeStamp, tscHz, bootedAt, guest, store } = options
  if (wallClockRegisters.includes(index)) {
    store(Number(value), pvclockWallClock(wallClockAt(bootedAt, stableVersion)))
    return
  }
  if ((value & enabled) === 0n) return
  const info = pvclockTimeInfo({
    version: stableVersion,
    tscTimestamp: timeStamp,
    systemTime: now,
    ...timeScale(tscHz),
    flags: guest === 'stopped' ? tscStable | guestStopped : tscStable,
  })
  store(Number(value & ~enabled), info)
}
