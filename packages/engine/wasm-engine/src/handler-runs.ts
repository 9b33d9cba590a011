import type { Shape } from './handler-table.ts'

/** How often a handler ran: the first encoding of its shape that was met, and whether the flags it writes are seen. */
export interface HandlerRuns {
  /** Bytes of the instruction, in hexadecimal. */
  readonly encoding: string
  readonly flags: 'live' | 'dead'
  readonly runs: number
  /** Where two that follow each other are counted: the second. */
  readonly behind?: string
}

/** A block: the table slots of its handlers, and how often it ran. */
export interface BlockRuns {
  readonly slots: readonly number[]
  readonly runs: number
}

type Counted = Omit<HandlerRuns, 'runs'>

/** What ran, the most run first: handlers, or pairs of them all of whose flags are seen. */
export function runsOf(
  what: 'handlers' | 'pairs',
  shapes: Iterable<Shape>,
  blocks: Iterable<BlockRuns>,
): readonly HandlerRuns[] {
  const bySlot = new Map<number, Counted>()
  for (const { sample, slot, slotDead } of shapes) {
    bySlot.set(slot, { encoding: sample, flags: 'live' })
    bySlot.set(slotDead, { encoding: sample, flags: 'dead' })
  }
  const counts = new Map<string, HandlerRuns>()
  for (const { slots, runs } of blocks) {
    const counted = slots.map((slot) => bySlot.get(slot)!)
    for (const each of what === 'handlers' ? counted : pairsOf(counted)) {
      const key = `${each.encoding} ${each.flags} ${each.behind}`
      counts.set(key, { ...each, runs: (counts.get(key)?.runs ?? 0) + runs })
    }
  }
  return [...counts.values()].filter(({ runs }) => runs > 0).sort((a, b) => b.runs - a.runs)
}

/** Neighbours that could be one: what the last one does to flags is its own. */
function pairsOf(counted: readonly Counted[]): readonly Counted[] {
  return counted.slice(1).flatMap((second, index) => {
    const first = counted[index]!
    return first.flags === 'dead' ? [] : [{ ...first, behind: second.encoding }]
  })
}
