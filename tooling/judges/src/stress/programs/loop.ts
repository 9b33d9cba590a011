import { type Assembler, ecx } from '@vmm/x86-assembler'

/** Runs a body so often, with the rounds that are left in ECX, and halts. */
export function loop(a: Assembler, rounds: number, body: (a: Assembler) => unknown): void {
  a.mov(ecx, rounds).label('round')
  body(a)
  a.dec(ecx).jne('round').hlt()
}
