import { writeFileSync } from 'node:fs'
import { hotSpots, traceFile } from '@vmm/guest-profile'
import type { EngineStatistics } from '@vmm/wasm-engine'
import type { Ran } from '../report.ts'
import { type Sampler, workOf } from './sampler.ts'

/** All that is known of where a run spent its time. */
export interface RunProfile {
  readonly sampler: Sampler
  readonly statistics: EngineStatistics
}

const hottest = 100

/** Writes a profile that speedscope and Perfetto open; what they do not draw is in `otherData`. */
export function writeProfile(path: string, { totals, exits, profile }: Ran): void {
  const named = profile?.sampler.samples.named ?? []
  const otherData = {
    instructions: totals.instructions,
    instructionsASample: profile?.sampler.samples.every,
    guestSeconds: totals.guestTime / 1e9,
    seconds: totals.milliseconds / 1000,
    exits,
    engine: profile?.statistics,
    tierMilliseconds: profile?.sampler.tiers.of(workOf(profile.statistics)),
    hottest: hotSpots(named).slice(0, hottest),
  }
  writeFileSync(path, JSON.stringify(traceFile(named, otherData)))
}
