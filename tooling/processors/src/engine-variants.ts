import { Engine, type EngineOptions, type HotOptions } from '@vmm/wasm-engine'

/** Numbers by chance: from 0 to `count` less one. */
interface Random {
  below(count: number): number
}

/** A way to make an engine and to run it. The guest must not notice. */
export interface EngineVariant {
  readonly name: string
  /** What the engine is made with, beside its memory and its ports. */
  readonly options?: Partial<EngineOptions>
  /** How many instructions the next slice has at most; left out, as many as there are to the next stop. */
  readonly slice?: (random: Random) => number
  /** Whether it may deliver exceptions by itself; left out, as the vCPU says. */
  readonly faults?: 'stop' | 'deliver'
  /** What is done to it before each slice. */
  readonly between?: (engine: Engine) => void
}

const upTo = (most: number) => (random: Random) => 1 + random.below(most)

const cold = { hot: false } as const
const hot = (threshold: number, more: Partial<HotOptions> = {}) => ({ hot: { threshold, ...more } })

/** Makes an engine as a variant says. */
export function engineOf({ options, faults }: EngineVariant, base: EngineOptions): Engine {
  const engine = new Engine({ ...base, ...options } as EngineOptions)
  const run = engine.run.bind(engine)
  if (faults !== undefined) Object.assign(engine, { run: (budget: number) => run(budget, faults) })
  return engine
}

/** The first is what all others, and the oracle, are compared with. */
export const engineVariants: readonly [EngineVariant, ...EngineVariant[]] = [
  { name: 'cold', options: cold },
  { name: 'cold, one instruction at a time', options: cold, slice: () => 1 },
  { name: 'cold, up to 7 at a time', options: cold, slice: upTo(7) },
  { name: 'cold, up to 300 at a time', options: cold, slice: upTo(300) },
  { name: 'cold, every exception told', options: cold, faults: 'stop' },
  { name: 'cold, every exception told, up to 50 at a time', options: cold, faults: 'stop', slice: upTo(50) },
  { name: 'cold, code forgotten', options: cold, slice: upTo(40), between: ({ machine }) => machine.blocks.dropAll() },
  {
    name: 'cold, translations forgotten',
    options: cold,
    slice: upTo(40),
    between: (engine) => engine.flushTranslations(),
  },
  { name: 'cold, handlers counted', options: { ...cold, counts: 'handlers' } },
  { name: 'hot at once', options: hot(0) },
  { name: 'hot at once, up to 50 at a time', options: hot(0), slice: upTo(50) },
  { name: 'hot the second time', options: hot(1, { batch: 1 }), slice: upTo(200) },
  { name: 'hot the fifth time', options: hot(4, { batch: 2 }) },
  { name: 'hot, regions of two blocks', options: hot(2, { batch: 1, blocksAtMost: 2 }), slice: upTo(300) },
  { name: 'hot, regions of nine instructions', options: hot(3, { batch: 3, stepsAtMost: 9 }) },
  {
    name: 'hot, code forgotten',
    options: hot(1, { batch: 1 }),
    slice: upTo(40),
    between: ({ machine }) => machine.blocks.dropAll(),
  },
]

/** Those that are made otherwise than the first one, and not only run otherwise. */
export const madeOtherwise: readonly EngineVariant[] = engineVariants
  .slice(1)
  .filter(({ slice, faults, between }) => slice === undefined && faults === undefined && between === undefined)
