import type { Changes, Step } from './script.ts'
import type { Value } from './value.ts'

/** A stretch of positions: a loop's test and body. */
interface Stretch {
  readonly from: number
  readonly to: number
}

type Placed =
  | { readonly kind: 'value'; readonly value: Value; readonly at: number }
  | { readonly kind: 'use'; readonly values: readonly Value[]; readonly at: number }

/** Which values must have a name, and which stand where they are used. */
export interface Naming {
  readonly named: ReadonlySet<Value>
  readonly unused: ReadonlySet<Value>
}

/** Decides for every value of a script. A later use sees all that is needed, so it is done from the end backwards. */
export function namingOf(steps: readonly Step[]): Naming {
  const order = new Order()
  order.add(steps)
  const uses = new Map<Value, number[]>()
  const [named, unused] = [new Set<Value>(), new Set<Value>()]
  const use = (value: Value, at: readonly number[]) => {
    if (value.number !== undefined || value.operator.startsWith('name ')) return
    uses.set(value, [...(uses.get(value) ?? []), ...at])
  }
  for (const placed of order.placed.toReversed()) {
    if (placed.kind === 'use') {
      for (const value of placed.values) use(value, [placed.at])
      continue
    }
    const { value, at } = placed
    const sites = uses.get(value) ?? []
    if (sites.length === 0 && value.mayFault !== true) {
      unused.add(value)
      continue
    }
    const inline = sites.length > 0 && order.mayStandAt(value, at, sites)
    if (!inline) named.add(value)
    for (const part of value.parts) use(part, inline ? sites : [at])
  }
  nameTheHeavy(order, named)
  return { named, unused }
}

/** More operators than this in one expression and a reader is lost. */
const heaviest = 6

/** What has grown too long to stand inside something else gets a name. */
function nameTheHeavy(order: Order, named: Set<Value>): void {
  const weights = new Map<Value, number>()
  for (const placed of order.placed) {
    if (placed.kind === 'use' || named.has(placed.value)) continue
    const weight = placed.value.parts.reduce((sum, part) => sum + (weights.get(part) ?? 0), 1)
    if (weight > heaviest && placed.value.parts.length > 0) named.add(placed.value)
    else weights.set(placed.value, placed.value.short ? 0 : weight)
  }
}

/** All steps in one line, with the places where state changes. */
class Order {
  readonly placed: Placed[] = []
  readonly #changes: { readonly at: number; readonly changes: Changes }[] = []
  readonly #loops: Stretch[] = []
  #next = 0

  add(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step)
  }

  #step(step: Step): void {
    const at = this.#next++
    switch (step.kind) {
      case 'value':
        this.placed.push({ kind: 'value', value: step.value, at })
        return
      case 'act':
        this.placed.push({ kind: 'use', values: step.values, at })
        this.#changes.push({ at, changes: step.changes })
        return
      case 'if':
        this.placed.push({ kind: 'use', values: [step.condition], at })
        this.add(step.yes)
        this.add(step.no)
        return
      case 'while':
        this.add(step.test)
        this.placed.push({ kind: 'use', values: [step.condition], at: this.#next++ })
        this.add(step.body)
        this.#loops.push({ from: at, to: this.#next++ })
        return
      default:
        return step satisfies never
    }
  }

  /** Whether a value can be written where it is used instead of getting a name where it comes to be. */
  mayStandAt(value: Value, at: number, sites: readonly number[]): boolean {
    if (value.key === undefined) return sites.length === 1
    if (value.parts.length > 0 && sites.length > 1) return false
    const last = Math.max(...sites.map((site) => this.#until(at, site)))
    return !this.#changes.some(
      (change) => change.at > at && change.at < last && (value.mayFault === true || breaks(change.changes, value.key!)),
    )
  }

  /** A use inside a loop that the value is outside of happens until the loop ends. */
  #until(at: number, site: number): number {
    return this.#loops.reduce(
      (until, { from, to }) => (from <= site && site <= to && !(from <= at && at <= to) ? Math.max(until, to) : until),
      site,
    )
  }
}

const breaks = (changes: Changes, key: string): boolean => changes === 'everything' || changes.has(key)
