import { type HotSpot, hotSpots } from '@vmm/guest-profile'
import type { EngineStatistics, Tier } from '@vmm/wasm-engine'
import { grouped } from '../grouped.ts'
import type { Ran } from '../report.ts'
import type { RunProfile } from './profile.ts'
import { workOf } from './sampler.ts'

const spotsShown = 12
const tiers = ['cold', 'hot'] as const
const columns = { label: 12, number: 16, share: 8 } as const

/** What a run spent its time with, on one screen: the engine's work by tier, exits, and the hottest places. */
export function profileSummary(
  { sampler, statistics }: RunProfile,
  { totals, exits }: Pick<Ran, 'totals' | 'exits'>,
): string {
  const spots = hotSpots(sampler.samples.named)
  const took = sampler.tiers.of(workOf(statistics))
  const seconds = `${(totals.milliseconds / 1000).toFixed(2)} s, ${(totals.guestTime / 1e9).toFixed(2)} s in the guest`
  return [
    `${grouped(totals.instructions)} instructions in ${seconds}`,
    ...tiers.map((tier) => tierLine(tier, statistics.instructions[tier], took[tier])),
    ...workLines(statistics),
    ...Object.entries(exits).map(([levels, counts], at) =>
      line(at === 0 ? 'exits' : '', `${levels}: ${counted(counts)}`),
    ),
    line('asked', counted(statistics.calls)),
    ...(spots.length === 0 ? [line('samples', 'none: the run was too short')] : []),
    ...spots.slice(0, spotsShown).map(spotLine),
    '',
  ].join('\n')
}

const line = (label: string, text: string): string => `${label.padEnd(columns.label)}${text}`

function tierLine(tier: Tier, count: number, time: number): string {
  const rate = time === 0 ? '' : `, ${grouped(count / time / 1000)} MIPS`
  return line(`${tier} tier`, `${grouped(count)} instructions in ${grouped(time)} ms${rate}`)
}

function workLines(statistics: EngineStatistics): readonly string[] {
  const {
    blocksDecoded,
    blocksStale,
    regionsCompiled,
    regionsFound,
    regionsStale,
    regionsEvicted,
    regionsEntered,
    evictions,
    entries,
  } = statistics
  const { modules, moduleBytes, compileMilliseconds, tlbMisses, tlbFlushes } = statistics
  const number = (value: number): string => grouped(value)
  const stale = number(blocksStale + regionsStale)
  return [
    line(
      'code',
      `${number(blocksDecoded)} blocks, ${number(regionsCompiled)} regions, ${stale} made stale, ${number(regionsEvicted)} evicted, dropped ${number(evictions)} times`,
    ),
    line(
      'compiled',
      `${number(modules)} modules of ${number(moduleBytes / 1024)} KiB in ${number(compileMilliseconds)} ms, ${number(regionsFound)} regions as kept`,
    ),
    line('TLB', `${number(tlbMisses)} misses, ${number(tlbFlushes)} flushes`),
    line('entered', `code ${number(entries)} times, regions ${number(regionsEntered)} times`),
  ]
}

/** Kinds and how often each was, the most frequent first; what never was is left out. */
function counted(counts: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(counts).filter(([, count]) => count > 0)
  const sorted = kinds.sort(([, a], [, b]) => b - a)
  return sorted.length === 0 ? 'none' : sorted.map(([kind, count]) => `${kind} ${grouped(count)}`).join(', ')
}

function spotLine({ share, instructions, frames }: HotSpot): string {
  const percent = `${(share * 100).toFixed(1)} %`.padStart(columns.share)
  return `${percent}${grouped(instructions).padStart(columns.number)}  ${frames.slice(1).join(' ')}`
}
