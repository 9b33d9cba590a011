import type { Engine, EngineOptions } from '@vmm/wasm-engine'
import type { Random } from '../cpu/random.ts'

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

/** The first is what all others, and the oracle, are compared with. */
export const engineVariants: readonly [EngineVariant, ...EngineVariant[]] = [
  { name: 'cold' },
  { name: 'cold, one instruction at a time', slice: () => 1 },
  { name: 'cold, up to 7 at a time', slice: upTo(7) },
  { name: 'cold, up to 300 at a time', slice: upTo(300) },
  { name: 'cold, every exception told', faults: 'stop' },
  { name: 'cold, every exception told, up to 50 at a time', faults: 'stop', slice: upTo(50) },
  { name: 'cold, code forgotten', slice: upTo(40), between: ({ machine }) => machine.blocks.dropAll() },
  { name: 'cold, translations forgotten', slice: upTo(40), between: (engine) => engine.flushTranslations() },
  { name: 'cold, handlers counted', options: { counts: 'handlers' } },
]
