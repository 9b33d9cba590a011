import type { Imports } from './linked-interpreter.ts'

/** What runs a guest's code: the interpreter, or code that was compiled for it. */
export type Tier = 'cold' | 'hot'

/** What emitted code asks of JavaScript. */
export type CallToJavaScript = keyof Imports

/** What an engine has done so far, for all processors of a machine together: plain numbers that only grow. */
export interface EngineStatistics {
  /** Instructions retired, by what ran them; those that user space finishes are nobody's. */
  readonly instructions: Readonly<Record<Tier, number>>
  /** Host milliseconds in emitted code of either tier, what it asks for included; 0 where nobody gave a clock. */
  readonly milliseconds: number
  /** How often emitted code was entered. */
  readonly entries: number
  /** Blocks decoded for the interpreter, and those among them that stores have made stale. */
  readonly blocksDecoded: number
  readonly blocksStale: number
  /** Regions compiled, and those among them that an earlier start had made, and that stores or changed mappings have made stale. */
  readonly regionsCompiled: number
  readonly regionsFound: number
  readonly regionsStale: number
  /** Regions dropped to make room for others. */
  readonly regionsEvicted: number
  /** How often a region was entered, and how often one left before an instruction that takes more. */
  readonly regionsEntered: number
  readonly regionsDeclined: number
  /** How often all code was dropped to make room, of either tier. */
  readonly evictions: number
  /** Modules of WebAssembly made while the guest ran, their bytes, and the milliseconds that making them took. */
  readonly modules: number
  readonly moduleBytes: number
  readonly compileMilliseconds: number
  /** Walks of page tables because a TLB did not know, and how often all or some of it was forgotten. */
  readonly tlbMisses: number
  readonly tlbFlushes: number
  /** What emitted code asked JavaScript for, by kind. */
  readonly calls: Readonly<Record<CallToJavaScript, number>>
}

/** The numbers while they are counted. Processors add their own when they are asked for. */
export type Counting = {
  -readonly [name in keyof EngineStatistics]: EngineStatistics[name] extends number
    ? number
    : { -readonly [kind in keyof EngineStatistics[name]]: number }
}

/** Nothing has happened yet. */
export function nothingCounted(): Counting {
  return {
    instructions: { cold: 0, hot: 0 },
    milliseconds: 0,
    entries: 0,
    blocksDecoded: 0,
    blocksStale: 0,
    regionsCompiled: 0,
    regionsFound: 0,
    regionsStale: 0,
    regionsEvicted: 0,
    regionsEntered: 0,
    regionsDeclined: 0,
    evictions: 0,
    modules: 0,
    moduleBytes: 0,
    compileMilliseconds: 0,
    tlbMisses: 0,
    tlbFlushes: 0,
    calls: {
      host: 0,
      derive: 0,
      commit: 0,
      watched: 0,
      shadow: 0,
      oddRead: 0,
      oddWrite: 0,
      deviceRead: 0,
      deviceWrite: 0,
      deviceReach: 0,
      touched: 0,
    },
  }
}

/** A copy that does not change any more. */
export function frozen(counting: Counting): EngineStatistics {
  const { instructions, calls } = counting
  return {
    ...counting,
    instructions: { ...instructions },
    calls: { ...calls },
  }
}
