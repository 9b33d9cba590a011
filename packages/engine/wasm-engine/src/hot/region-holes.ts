import type { Order } from './graph.ts'

/*
 * A region's function is the same wherever its blocks lie and whichever slot it has: holes are for that. That of a block has the number
 * of its node.
 */

/** The hole for one more than the region's slot of its table. */
export const holeOfSlot = ({ blocks }: Order): number => blocks.length

/** What the holes are filled with. */
export const regionValues = ({ blocks }: Order, slot: number): readonly number[] => [
  ...blocks.map((block) => block?.address ?? 0),
  slot + 1,
]
