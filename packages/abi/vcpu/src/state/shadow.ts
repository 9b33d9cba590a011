import type { Engine } from '../engine-port.ts'

/** What keeps interrupts off behind an instruction: KVM_X86_SHADOW_INT_MOV_SS and _STI. */
const kinds = { movSs: 1, sti: 2 } as const
const none = (1n << 64n) - 1n

/** The shadow that there is now, as the kernel tells it. */
export function shadowOf(engine: Engine): number {
  if (!engine.shadowed) return 0
  return engine.get('SHADOW_KIND') === 0n ? kinds.sti : kinds.movSs
}

/** Casts one, or takes it away. */
export function setShadow(engine: Engine, shadow: number): void {
  const casts = (shadow & (kinds.movSs | kinds.sti)) !== 0
  engine.set('SHADOW', casts ? BigInt(engine.retired()) : none)
  engine.set('SHADOW_KIND', (shadow & kinds.movSs) === 0 ? 0n : 1n)
}
