import type { Shape } from './handler-table.ts'

/** How often a handler ran: the first encoding of its shape that was met, and whether the flags it writes are seen. */
export interface HandlerRuns {
  /** Bytes of the instruction, in hexadecimal. */
  readonly encoding: string
  readonly flags: 'live' | 'dead'
  readonly runs: number
}

/** Shapes with the counts of their slots, the most run first; those that never ran are left out. */
export function runsOfHandlers(shapes: Iterable<Shape>, bySlot: ReadonlyMap<number, number>): readonly HandlerRuns[] {
  return [...shapes]
    .flatMap(({ sample, slot, slotDead }): HandlerRuns[] => [
      { encoding: sample, flags: 'live', runs: bySlot.get(slot) ?? 0 },
      { encoding: sample, flags: 'dead', runs: bySlot.get(slotDead) ?? 0 },
    ])
    .filter(({ runs }) => runs > 0)
    .sort((a, b) => b.runs - a.runs)
}
