import { kernelDoc, kernelSource, type Source } from '@vmm/source'

/** Where the layouts are written. */
export const kvmclockSources: readonly Source[] = [
  kernelDoc('Documentation/virt/kvm/x86/msr.rst', 'MSR_KVM_SYSTEM_TIME_NEW'),
  kernelSource('arch/x86/include/asm/pvclock-abi.h', 'struct pvclock_vcpu_time_info', '6.1'),
]

/** `flags` of a time info: the clock never goes backwards between vCPUs. */
export const PVCLOCK_TSC_STABLE_BIT = 1
/** `flags` of a time info: the guest was stopped, and should reset its watchdogs. */
export const PVCLOCK_GUEST_STOPPED = 2

/** How to turn TSC ticks into nanoseconds: shift by `shift`, then multiply by `multiplier / 2 ** 32`. */
export interface TimeScale {
  /** `tsc_to_system_mul`: unsigned 32 bits. */
  readonly multiplier: number
  /** `tsc_shift`: left when positive, right when negative. */
  readonly shift: number
}

/** What a guest reads to know the time since the machine started: `struct pvclock_vcpu_time_info`. */
export interface PvclockTimeInfo extends TimeScale {
  /** Odd while the structure changes, even when it can be trusted. */
  readonly version: number
  /** The TSC when this was written. */
  readonly tscTimestamp: bigint
  /** Nanoseconds since the machine started, at that TSC. */
  readonly systemTime: bigint
  readonly flags: number
}

/** The moment the machine started, in real time: `struct pvclock_wall_clock`. */
export interface PvclockWallClock {
  readonly version: number
  /** Seconds since 1970, modulo 2 ** 32. */
  readonly seconds: number
  readonly nanoseconds: number
}

/** One TSC value and the real time at it: `struct kvm_clock_pairing`, the answer of KVM_HC_CLOCK_PAIRING. */
export interface ClockPairing {
  readonly seconds: bigint
  readonly nanoseconds: bigint
  readonly tsc: bigint
}

const nanosecondsPerSecond = 1_000_000_000n

/** The scale for a TSC of this frequency in Hz. Throws a RangeError unless that is at least 1. */
export function timeScale(tscHz: number): TimeScale {
  if (!(tscHz >= 1)) throw new RangeError(`a TSC has a positive frequency, not ${tscHz} Hz`)
  let ticks = BigInt(Math.round(tscHz))
  let nanoseconds = nanosecondsPerSecond
  let shift = 0
  for (; ticks > 2n * nanoseconds; shift--) nanoseconds <<= 1n
  for (; ticks <= nanoseconds; shift++) ticks <<= 1n
  return { multiplier: Number((nanoseconds << 32n) / ticks), shift }
}

/** Nanoseconds that a number of TSC ticks last, as a guest computes them. */
export function nanosecondsOf(ticks: bigint, { multiplier, shift }: TimeScale): bigint {
  const shifted = shift < 0 ? ticks >> BigInt(-shift) : ticks << BigInt(shift)
  return (shifted * BigInt(multiplier)) >> 32n
}

/** The time that a guest reads: nanoseconds since the machine started, when the TSC is `tsc`. */
export function systemTimeAt(info: PvclockTimeInfo, tsc: bigint): bigint {
  return info.systemTime + nanosecondsOf(BigInt.asUintN(64, tsc - info.tscTimestamp), info)
}

/** The 32 bytes of a time info. */
export function pvclockTimeInfo(info: PvclockTimeInfo): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, info.version, true)
  view.setBigUint64(8, BigInt.asUintN(64, info.tscTimestamp), true)
  view.setBigUint64(16, BigInt.asUintN(64, info.systemTime), true)
  view.setUint32(24, info.multiplier, true)
  view.setInt8(28, info.shift)
  view.setUint8(29, info.flags)
  return bytes
}

/** Reads a time info; throws a RangeError when there are fewer than 32 bytes. */
export function readPvclockTimeInfo(bytes: Uint8Array): PvclockTimeInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    version: view.getUint32(0, true),
    tscTimestamp: view.getBigUint64(8, true),
    systemTime: view.getBigUint64(16, true),
    multiplier: view.getUint32(24, true),
    shift: view.getInt8(28),
    flags: view.getUint8(29),
  }
}

/** The 12 bytes of a wall clock. */
export function pvclockWallClock({ version, seconds, nanoseconds }: PvclockWallClock): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, version, true)
  view.setUint32(4, seconds, true)
  view.setUint32(8, nanoseconds, true)
  return bytes
}

/** The wall clock of a machine that started at this moment: nanoseconds since 1970. */
export function wallClockAt(startedAt: bigint, version: number): PvclockWallClock {
  return {
    version,
    seconds: Number(BigInt.asUintN(32, startedAt / nanosecondsPerSecond)),
    nanoseconds: Number(startedAt % nanosecondsPerSecond),
  }
}

/** The 64 bytes of a clock pairing. */
export function clockPairingBytes({ seconds, nanoseconds, tsc }: ClockPairing): Uint8Array {
  const bytes = new Uint8Array(64)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, seconds, true)
  view.setBigInt64(8, nanoseconds, true)
  view.setBigUint64(16, BigInt.asUintN(64, tsc), true)
  return bytes
}

/** The odd version to write before the rest of a structure, given the version in guest memory. */
export function versionWhileChanging(version: number): number {
  return ((version + 1) | 1) >>> 0
}

/** The even version to write after the rest. */
export function versionWhenChanged(version: number): number {
  return (versionWhileChanging(version) + 1) >>> 0
}
