/** When code becomes hot, and how much of it is kept. */
export interface HotOptions {
  /** How often a block is entered before it becomes part of a region. */
  readonly threshold: number
  /** The same once a processor has run so many instructions: who runs for long goes on, and has back what compiling costs. */
  readonly later?: { readonly threshold: number; readonly instructions: number }
  /** The same where earlier starts knew it as hot, if they are to be asked and this one is to be known by later ones. */
  readonly known?: number
  /** How often a region is entered before it is made anew with what it leads to, be that in other regions too. */
  readonly wholeAfter?: number
  /** Regions that are compiled at once, if so many are asked for before the first one is asked for again. */
  readonly batch?: number
  /** Blocks and instructions of a region at most. */
  readonly blocksAtMost?: number
  readonly stepsAtMost?: number
  /** Native code of regions, in bytes, as far as can be told what V8 makes of them: what is used least goes when it is more. */
  readonly bytesAtMost?: number
}

/**
 * Below that, compiling code takes longer than it saves. CPU seconds of a boot of Debian's kernel, V8's threads included, were 5.86 at
 * 16,000 entries, 5.06 at 50,000, 4.82 at 150,000, 5.12 at 500,000, and 5.60 with all of it interpreted. Who has run for long goes on.
 * What was hot before is compiled when it has run often enough to tell which blocks are entered.
 */
export const hotByDefault: HotOptions = {
  threshold: 100_000,
  later: { threshold: 30_000, instructions: 2 ** 30 },
  known: 500,
}
