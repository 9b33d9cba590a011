import { kvmStatsDesc, kvmStatsHeader, statsTypes, statsUnits } from '@vmm/kvm-uapi'
import { encode } from '@vmm/layout'
import { statisticsLaidOut } from '../rules/get-stats-fd/laid-out.behaviour.ts'
import type { Statistic } from './statistics.rows.ts'

const histogramBuckets = 32
const nanosecondsExponent = -9
const [{ does: layoutOf }] = statisticsLaidOut.versions
const valueBytes = 8

const flagsOf: Readonly<Record<Statistic['kind'], number>> = {
  count: statsTypes.value.CUMULATIVE,
  now: statsTypes.value.INSTANT,
  most: statsTypes.value.PEAK,
  truth: statsTypes.value.INSTANT | statsUnits.value.BOOLEAN,
  nanoseconds: statsTypes.value.CUMULATIVE | statsUnits.value.SECONDS,
  times: statsTypes.value.LOG_HIST | statsUnits.value.SECONDS,
}

/** Names of statistics and of files are ASCII. */
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

const isTime = ({ kind }: Statistic) => kind === 'nanoseconds' || kind === 'times'
const sizeOf = ({ kind }: Statistic) => (kind === 'times' ? histogramBuckets : 1)

/**
 * A statistics file as it is read: a header, the identifier, what each statistic is, and what they are now. `counted` gives
 * those that somebody counts.
 * Source: Documentation/virt/kvm/api.rst 4.133 KVM_GET_STATS_FD; virt/kvm/binary_stats.c (Linux 6.12).
 */
export function statisticsFile(
  id: string,
  statistics: readonly Statistic[],
  counted: (name: string) => bigint | undefined,
): Uint8Array {
  const { idAt, descriptionsAt, dataAt, nameBytes, descriptionBytes } = layoutOf(statistics.length)
  const values = statistics.reduce((sum, statistic) => sum + sizeOf(statistic), 0)
  const bytes = new Uint8Array(dataAt + values * valueBytes)
  const view = new DataView(bytes.buffer)
  const header = {
    flags: 0,
    name_size: nameBytes,
    num_desc: statistics.length,
    id_offset: idAt,
    desc_offset: descriptionsAt,
  }
  bytes.set(encode(kvmStatsHeader, { ...header, data_offset: dataAt }))
  bytes.set(ascii(id).subarray(0, nameBytes - 1), idAt)
  let offset = 0
  for (const [at, statistic] of statistics.entries()) {
    const size = sizeOf(statistic)
    const exponent = isTime(statistic) ? nanosecondsExponent : 0
    const number = statistic.at === undefined ? offset : statistic.at * valueBytes
    const desc = { flags: flagsOf[statistic.kind], exponent, size, offset: number, bucket_size: 0 }
    const place = descriptionsAt + at * descriptionBytes
    bytes.set(encode(kvmStatsDesc, desc), place)
    bytes.set(ascii(statistic.name), place + kvmStatsDesc.size)
    view.setBigUint64(dataAt + number, counted(statistic.name) ?? 0n, true)
    offset += size * valueBytes
  }
  return bytes
}
