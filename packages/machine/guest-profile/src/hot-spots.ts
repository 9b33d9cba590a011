import type { NamedSample } from './sample.ts'

/** A place, and how much was executed there. */
export interface HotSpot {
  /** From what contains all the others to the place itself, whoever called it. */
  readonly frames: readonly string[]
  readonly instructions: number
  /** Of all instructions that were sampled. */
  readonly share: number
}

/** Places, those where most was executed first. */
export function hotSpots(samples: readonly NamedSample[]): readonly HotSpot[] {
  const spots = new Map<string, { readonly frames: readonly string[]; instructions: number }>()
  let all = 0
  for (const { place: frames, instructions } of samples) {
    const key = frames.join('\0')
    const spot = spots.get(key) ?? { frames, instructions: 0 }
    spot.instructions += instructions
    all += instructions
    spots.set(key, spot)
  }
  return [...spots.values()]
    .map((spot) => ({ ...spot, share: spot.instructions / all }))
    .sort((a, b) => b.instructions - a.instructions || (a.frames.join() < b.frames.join() ? -1 : 1))
}
