import type { Engine } from './engine-port.ts'

const [LMA, L, DB] = [0x400n, 0x2000n, 0x4000n]

/** How long the offsets and operands of code are by themselves: 64 bits by EFER.LMA and CS.L, else by CS.D. Source: SDM 3A 3.4.5, 5.2.1. */
export function codeSizeOf(engine: Pick<Engine, 'get'>): 16 | 32 | 64 {
  const access = engine.get('CS.access')
  if ((engine.get('IA32_EFER') & LMA) !== 0n && (access & L) !== 0n) return 64
  return (access & DB) === 0n ? 16 : 32
}
