import type { Nanoseconds } from '@vmm/device'
import { type KvmPitState2, pitFlags } from '@vmm/kvm-uapi'
import type { PitCounterRegisters, PitRegisters } from '@vmm/pit'

/** Bit 1 of port 61H, and bit 0, which gates the third counter. */
const speakerData = 2

type Channel = KvmPitState2['channels'][number]

/** What of the kernel's struct the 8254 itself does not keep. */
export interface PitRest {
  /** When each count was loaded, in nanoseconds of the kernel's clock: of the first counter, what user space said last. */
  readonly loadedAt: readonly [bigint, bigint, bigint]
  /** As user space has set them; bit 1 of port 61H is the 8254's own. */
  readonly flags: number
}

/** The 8254 as `struct kvm_pit_state2`. */
export function pitStateOf({ counters, speaker }: PitRegisters, { loadedAt, flags }: PitRest): KvmPitState2 {
  const channels = counters.map((counter, nth) => channelOf(counter, loadedAt[nth] ?? 0n))
  const speakerOn = (speaker & speakerData) === 0 ? 0 : pitFlags.value.SPEAKER_DATA_ON
  return { channels, flags: ((flags & ~pitFlags.value.SPEAKER_DATA_ON) | speakerOn) >>> 0 }
}

/** And back, at a time. */
export function pitRegistersOf(
  { channels, flags }: KvmPitState2,
  now: Nanoseconds,
): PitRest & { readonly registers: PitRegisters } {
  const [first = nothing, second = nothing, third = nothing] = channels
  const counters = [counterOf(first), counterOf(second), counterOf(third)] as const
  const speaker = ((flags & pitFlags.value.SPEAKER_DATA_ON) === 0 ? 0 : speakerData) | (third.gate === 0 ? 0 : 1)
  const loadedAt = [first.count_load_time, BigInt(now), BigInt(now)] as const
  return { registers: { counters, speaker }, loadedAt, flags }
}

function channelOf(counter: PitCounterRegisters, loadedAt: bigint): Channel {
  return {
    count: counter.count,
    latched_count: counter.latchedCount,
    count_latched: counter.countLatched,
    status_latched: counter.statusLatched,
    status: counter.status,
    read_state: counter.readNext,
    write_state: counter.writeNext,
    write_latch: counter.lowByte,
    rw_mode: counter.access,
    mode: counter.mode,
    bcd: counter.bcd,
    gate: counter.gate,
    count_load_time: loadedAt,
  }
}

function counterOf(channel: Channel): PitCounterRegisters {
  return {
    count: channel.count,
    latchedCount: channel.latched_count,
    countLatched: channel.count_latched,
    statusLatched: channel.status_latched,
    status: channel.status,
    readNext: channel.read_state,
    writeNext: channel.write_state,
    lowByte: channel.write_latch,
    access: channel.rw_mode,
    mode: channel.mode,
    bcd: channel.bcd,
    gate: channel.gate,
  }
}

const nothing: Channel = channelOf(
  {
    count: 0,
    latchedCount: 0,
    countLatched: 0,
    statusLatched: 0,
    status: 0,
    readNext: 0,
    writeNext: 0,
    lowByte: 0,
    access: 0,
    mode: 0xff,
    bcd: 0,
    gate: 0,
  },
  0n,
)
