import { type Assembler, ax, eax, ebx, ecx, edx, esi, fs, mem32 } from '@vmm/x86-assembler'
import { place, selectors32 } from './kernel.ts'

const { free } = place

/** Counts ECX down to zero around a body that leaves ECX alone. */
function times(a: Assembler, count: number, body: () => void): void {
  const again = a.unique('again')
  a.mov(ecx, count).label(again)
  body()
  a.dec(ecx).jne(again)
}

/** Xorshift, a multiplication and additions with carry, in 32-bit code. */
export function arithmetic32(a: Assembler): void {
  a.mov(eax, 0x1e37_79b9).xor(ebx, ebx)
  times(a, 40_000_000, () => {
    a.mov(edx, eax).shl(edx, 13).xor(eax, edx)
    a.mov(edx, eax).shr(edx, 7).xor(eax, edx)
    a.imul(edx, eax, 25).add(ebx, edx).adc(ebx, 0)
  })
}

/** Sums words of a table with calls and a stack, one of them through a segment that begins elsewhere. */
export function memory32(a: Assembler): void {
  const distance = 0x1000
  a.mov(eax, selectors32.offset).mov(fs, ax).xor(ebx, ebx).jmp('begin')
  a.label('sum').push(esi).mov(esi, ecx).and(esi, 0xfff)
  a.add(ebx, mem32({ base: esi, displacement: free })).add(
    ebx,
    mem32({ base: esi, displacement: free - distance, segment: fs }),
  )
  a.mov(mem32({ base: esi, displacement: free + 0x2000 }), ebx)
    .pop(esi)
    .ret()
  a.label('begin')
  times(a, 8_000_000, () => a.call('sum'))
}
