/** Pages from one up to, and without, another. */
export interface PageRange {
  readonly from: number
  readonly to: number
}

/** A stretch of pages that are all in a set, or all not. */
export interface PageRun extends PageRange {
  readonly inSet: boolean
}

/** A set of pages, kept as ranges: there may be 2^40 of them. */
export class PageRanges {
  #ranges: readonly PageRange[] = []

  /** Puts a range into the set, or takes it out. */
  set({ from, to }: PageRange, inSet: boolean): void {
    const left = this.#ranges.flatMap((range) => [
      ...(range.from < from ? [{ from: range.from, to: Math.min(range.to, from) }] : []),
      ...(range.to > to ? [{ from: Math.max(range.from, to), to: range.to }] : []),
    ])
    const all = inSet ? [...left, { from, to }] : left
    this.#ranges = joined(all.sort((one, other) => one.from - other.from))
  }

  has(page: number): boolean {
    return this.#ranges.some(({ from, to }) => page >= from && page < to)
  }

  /** What a range is made of, in order. */
  runs({ from, to }: PageRange): readonly PageRun[] {
    const runs: PageRun[] = []
    let at = from
    for (const range of this.#ranges) {
      const start = Math.max(range.from, at)
      const end = Math.min(range.to, to)
      if (start >= end) continue
      if (start > at) runs.push({ from: at, to: start, inSet: false })
      runs.push({ from: start, to: end, inSet: true })
      at = end
    }
    if (at < to) runs.push({ from: at, to, inSet: false })
    return runs
  }
}

function joined(ranges: readonly PageRange[]): readonly PageRange[] {
  const all: PageRange[] = []
  for (const range of ranges) {
    const last = all.at(-1)
    if (last !== undefined && last.to === range.from) all[all.length - 1] = { from: last.from, to: range.to }
    else all.push(range)
  }
  return all
}
