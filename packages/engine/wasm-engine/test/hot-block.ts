import type { HotBlock } from '../src/hot/graph.ts'

/** A block of a region at an offset with its ways: nothing is asked of its instructions. */
export const hotBlock = (offset: number, ways: Partial<HotBlock> = {}): HotBlock => ({
  offset,
  address: offset + 0x1000,
  host: offset,
  steps: [],
  next: undefined,
  target: undefined,
  after: undefined,
  leads: 'known',
  guesses: [],
  ...ways,
})
