import type { Engine } from './engine-port.ts'

/** Instruction breakpoints that DR7 enables, by number. Source: SDM 3B §18.2.4. */
export function instructionBreakpoints(engine: Engine): readonly (0 | 1 | 2 | 3)[] {
  const dr7 = Number(engine.get('DR7'))
  if ((dr7 & 0xff) === 0) return []
  return ([0, 1, 2, 3] as const).filter(
    (index) => ((dr7 >> (index * 2)) & 3) !== 0 && ((dr7 >>> (16 + index * 4)) & 3) === 0,
  )
}

/** Those of them that the next instruction meets, as bits of DR6. */
export function breakpointsAt(engine: Engine, breakpoints: readonly (0 | 1 | 2 | 3)[]): number {
  if (breakpoints.length === 0) return 0
  const rip = engine.get('RIP')
  const long = (engine.get('IA32_EFER') & 0x400n) !== 0n && (engine.get('CS.access') & 0x2000n) !== 0n
  const linear = long ? rip : (rip + engine.get('CS.base')) & 0xffff_ffffn
  return breakpoints.reduce<number>((met, index) => (engine.get(`DR${index}`) === linear ? met | (1 << index) : met), 0)
}
