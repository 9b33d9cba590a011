import { isDeepStrictEqual } from 'node:util'
import type { Lifetime } from '@vmm/rule'
import { later, type Mutant } from './mutants.ts'

type Deed = (given: unknown) => unknown

/** A version of a behaviour whose parts can be exchanged while tests run. */
interface ChangeableVersion {
  does: Deed
  lifetime: Lifetime
  readonly witness: { readonly in: unknown; readonly out: unknown }
}

/** A behaviour whose parts can be exchanged while tests run. */
export interface ChangeableBehaviour {
  readonly id: string
  readonly versions: readonly ChangeableVersion[]
}

/** A behaviour that is watched: what its versions do is looked up anew each time, by those too that have asked already. */
export class WatchedBehaviour {
  /** Told whenever it does something. */
  onDeed: (() => void) | undefined
  readonly #versions: readonly ChangeableVersion[]
  readonly #deeds: readonly Deed[]
  readonly #current: Deed[]

  constructor({ versions }: ChangeableBehaviour) {
    this.#versions = versions
    this.#deeds = versions.map(({ does }) => does)
    this.#current = [...this.#deeds]
    for (const [at, version] of versions.entries()) {
      version.does = (given) => {
        this.onDeed?.()
        return this.#current[at]?.(given)
      }
    }
  }

  /** It does what another version does, or nothing, or something else; its versions follow each other elsewhere. */
  mutants(): readonly Mutant[] {
    return this.#versions.flatMap((version, at) => [
      ...this.#deeds.flatMap((other, from) =>
        other === this.#deeds[at] ? [] : [this.#doing(at, `version ${at} does what version ${from} does`, other)],
      ),
      ...wrongDeeds(version, this.#deeds[at]).map(([what, does]) => this.#doing(at, `version ${at} ${what}`, does)),
      ...this.#shifted(at),
    ])
  }

  #doing(at: number, what: string, does: Deed): Mutant {
    const set = (deed: Deed | undefined) => {
      if (deed !== undefined) this.#current[at] = deed
    }
    return { what, begin: () => set(does), undo: () => set(this.#deeds[at]) }
  }

  /** The edge between a version and the next two releases later. */
  #shifted(at: number): readonly Mutant[] {
    const [version, next] = [this.#versions[at], this.#versions[at + 1]]
    if (version === undefined || next === undefined) return []
    const [before, after] = [version.lifetime, next.lifetime]
    if ('proposal' in before || 'proposal' in after) return []
    const edge = before.mainline.until
    if (typeof edge !== 'string' || edge !== after.mainline.since) return []
    const begin = () => {
      version.lifetime = { ...before, mainline: { ...before.mainline, until: later(edge) } } as Lifetime
      next.lifetime = { ...after, mainline: { ...after.mainline, since: later(edge) } } as Lifetime
    }
    const undo = () => {
      version.lifetime = before
      next.lifetime = after
    }
    return [{ what: `version ${at} is followed in ${later(edge)} instead of ${edge}`, begin, undo }]
  }
}

/** Doing nothing to what is given, or the opposite or the next of what is told: as far as there is such a thing. */
function wrongDeeds({ witness }: ChangeableVersion, does: Deed | undefined): readonly (readonly [string, Deed])[] {
  const { in: given, out } = witness
  if (typeof out === 'boolean') return [['tells the opposite', (asked) => does?.(asked) !== true]]
  if (typeof out === 'number') return [['tells one more', (asked) => Number(does?.(asked)) + 1]]
  if (typeof out === 'bigint') return [['tells one more', (asked) => (does?.(asked) as bigint) + 1n]]
  if (isObject(given) && isObject(out) && haveSameKeys(given, out) && !isDeepStrictEqual(given, out))
    return [['does nothing', (asked) => asked]]
  return []
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const haveSameKeys = (one: object, other: object): boolean =>
  Object.keys(one).sort().join() === Object.keys(other).sort().join()
