import type { Entry } from './entry.ts'
import { type Answer, inForce } from './lifetime.ts'
import type { Profile } from './profile.ts'

/** How a promise stands under two profiles, where that is not the same. */
export interface Difference {
  readonly entry: Entry
  readonly change: 'begins' | 'ends' | 'changes' | 'unread'
}

/** The promises that are not the same under two profiles, in the order of the list. */
export function differencesBetween(entries: readonly Entry[], from: Profile, to: Profile): readonly Difference[] {
  return entries.flatMap((entry): readonly Difference[] => {
    const [before, after] = [standing(entry, from), standing(entry, to)]
    if (before === after) return []
    if (before.includes('unknown') || after.includes('unknown')) return [{ entry, change: 'unread' }]
    const change = !before.includes('yes') ? 'begins' : after.includes('yes') ? 'changes' : 'ends'
    return [{ entry, change }]
  })
}

/** Whether a promise is in force, whichever of its versions is. */
export function entryInForce(entry: Entry, profile: Profile): Answer {
  const answers = entry.lifetimes.map((lifetime) => inForce(lifetime, profile))
  if (answers.includes('yes')) return 'yes'
  return answers.includes('unknown') ? 'unknown' : 'no'
}

function standing({ lifetimes }: Entry, profile: Profile): string {
  return lifetimes.map((lifetime) => inForce(lifetime, profile)).join(' ')
}
