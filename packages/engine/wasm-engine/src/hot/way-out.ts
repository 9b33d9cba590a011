import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** How a region left: `rip` is where to go on; after `declined` not by a region, for its first instruction needs more. */
export const left = { done: 0, declined: 1 } as const

/** That a word says more than how; how many instructions the budget has back; the offset where to go on, with its sign. */
const known = 2
const paidBack = { shift: 2, most: 2 ** 9 - 1 } as const
const place = { shift: 11, farthest: 2 ** 20 } as const

export interface WayOut {
  readonly how: (typeof left)[keyof typeof left]
  /** Where to go on, from the region's first byte. */
  readonly offset: number
  /** Instructions that were paid for and are not run. */
  readonly unretired: number
}

/**
 * A way out in one word, that there are many of: it is taken apart where all of them end. Undefined where a word has not enough
 * room.
 */
export function wayOutWord({ how, offset, unretired }: WayOut): number | undefined {
  if (unretired > paidBack.most || offset < -place.farthest || offset >= place.farthest) return undefined
  return how | known | (unretired << paidBack.shift) | (offset << place.shift)
}

/** Of such a word, or of one of `left`: which of these, whether there is more, and that. */
export function takenApart(code: Code, word: () => Node) {
  const instructions = code.op('i32.shr_u', word(), code.i32(paidBack.shift))
  return {
    how: () => code.op('i32.and', word(), code.i32(left.declined)),
    isKnown: code.op('i32.and', word(), code.i32(known)),
    unretired: code.op('i32.and', instructions, code.i32(paidBack.most)),
    offset: code.op('i32.shr_s', word(), code.i32(place.shift)),
  }
}
