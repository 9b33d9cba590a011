import type { Engine } from './engine-port.ts'

const places = [0, 1, 2, 3] as const

/** Whether DR7 enables some instruction breakpoint. Source: SDM 3B §18.2.4. */
export function hasInstructionBreakpoints(dr7: number): boolean {
  return (dr7 & 0xff) !== 0 && places.some((index) => isForInstructions(dr7, index))
}

/** The instruction breakpoints that the next instruction meets, as bits of DR6. */
export function breakpointsAt(engine: Engine, address: (index: 0 | 1 | 2 | 3) => bigint, dr7: number): number {
  if (!hasInstructionBreakpoints(dr7)) return 0
  const linear = engine.linearRip
  return places.reduce<number>(
    (met, index) => (isForInstructions(dr7, index) && address(index) === linear ? met | (1 << index) : met),
    0,
  )
}

const isForInstructions = (dr7: number, index: number): boolean =>
  ((dr7 >> (index * 2)) & 3) !== 0 && ((dr7 >>> (16 + index * 4)) & 3) === 0
