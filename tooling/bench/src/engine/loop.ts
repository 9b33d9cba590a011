import { type Assembler, rcx } from '@vmm/x86-assembler'

/** Counts RCX down to zero around a body that leaves RCX alone. */
export function times(a: Assembler, count: number, body: () => void): void {
  const again = a.unique('again')
  a.mov(rcx, count).label(again)
  body()
  a.dec(rcx).jne(again)
}
