import { type Lifetime, type ReleasedLifetime, tellLifetime } from '@vmm/rule'
import { cite } from '@vmm/source'
import type { PackagedEntry } from './all-promises.ts'

/** Promises as programs in other languages read them: an array of objects, absent values left out. */
export function rulesData(entries: readonly PackagedEntry[]): readonly object[] {
  return entries.map((entry) => {
    const { id, catalogue, call, kind, says, errno, sources, evidence } = entry
    return {
      id,
      catalogue,
      package: entry.package,
      ioctl: call,
      kind,
      says,
      ...spanOf(entry),
      lifetimes: entry.lifetimes.map((lifetime) => ({ ...lifetime, says: tellLifetime(lifetime) })),
      ...(errno === undefined ? {} : { errno }),
      sources: sources.map(cite),
      evidence,
    }
  })
}

/** From the first version's beginning to the last one's end; `stable` where there is one version. */
function spanOf({ lifetimes }: PackagedEntry): object {
  const released = lifetimes.filter(isReleased)
  const [first, last] = [released[0], released.at(-1)]
  const { since } = first?.mainline ?? {}
  const { until } = last?.mainline ?? {}
  const stable = released.length === 1 ? first?.stable : undefined
  return { ...(since && { since }), ...(stable && { stable }), ...(until && { until }) }
}

function isReleased(lifetime: Lifetime): lifetime is ReleasedLifetime {
  return 'mainline' in lifetime
}
