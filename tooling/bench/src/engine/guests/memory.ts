import { eax, ebx, ecx, edi, edx, esi, mem32 } from '@vmm/x86-assembler'
import type { Load } from './guest.ts'
import { counted, reloadRoot, scatter } from './loops.ts'
import { pageBytes, place } from './places.ts'

const quarter = 256 << 10

/** Copies, sums and fills 256 KiB a word at a time, with loops of a few instructions. */
export const memoryLoops: Load = {
  prepare: (g) => scatter(g, place.data, quarter / 4),
  round: (g) => {
    const { a, w } = g
    const [from, to] = [place.data, place.data + quarter].map((displacement) => w.mem({ base: w.b, displacement })) as [
      ReturnType<typeof w.mem>,
      ReturnType<typeof w.mem>,
    ]
    const words = (name: string, body: () => void): void => {
      a.xor(ebx, ebx).label(name)
      body()
      a.add(ebx, w.bytes).cmp(ebx, quarter).jb(name)
    }
    words('copy', () => a.mov(w.d, from).mov(to, w.d))
    a.xor(w.a, w.a)
    words('sum', () => a.add(w.a, to))
    words('change', () => a.add(from, w.a))
    words('fill', () => a.mov(to, w.a))
    a.add(eax, mem32(place.data + 0x1234)).xor(eax, mem32(place.data + 2 * quarter - 4))
  },
}

/** REP MOVS and STOS of 64 KiB, of a page and of a few bytes, aligned and not. */
export const strings: Load = {
  prepare: (g) => scatter(g, place.data, quarter / 4),
  round: (g) => {
    const { a } = g
    const move = (offset: number, bytes: number, unit: 1 | 4): void => {
      a.mov(esi, place.data + offset)
        .mov(edi, place.data + quarter + offset * 2)
        .mov(ecx, bytes / unit)
        .rep()
      if (unit === 1) a.movsb()
      else a.movsd()
    }
    a.cld()
    move(0, 0x1_0000, 4)
    move(0x777, 0x1_0000, 1)
    a.mov(edi, place.data + quarter + 0x8000)
      .mov(ecx, 0x4000)
      .mov(eax, mem32(place.rounds))
      .rep()
      .stosd()
    a.mov(ebx, 16)
    a.label('small')
    move(0x101, pageBytes, 1)
    move(0x2005, 37, 1)
    a.mov(edi, place.data + 0x3_0001)
      .mov(ecx, pageBytes)
      .mov(eax, ebx)
      .rep()
      .stosb()
    a.dec(ebx).jne('small')
    a.mov(eax, mem32(place.data + quarter + 0x8100))
      .add(eax, mem32(place.data + quarter + 0x300))
      .add(eax, mem32(place.data + 0x3_0800))
  },
}

const chaseBytes = 64 << 20
const nodeBytes = 64
const steps = 100_000

/**
 * A list through 64 MiB in an order that looks random: each load waits for the one before, and few are on a page that was
 * visited lately. With `reload`, CR3 is reloaded before each hundred thousand, as processes that take turns do.
 */
export const chase = (reload: boolean): Load => ({
  prepare: (g) => {
    const { a, w } = g
    const nodes = chaseBytes / nodeBytes
    a.xor(ebx, ebx)
    counted(g, nodes, () => {
      // a full period: the multiplier is one more than a multiple of four, and the increment is odd
      a.imul(eax, ebx, 1_664_525)
        .add(eax, 1_013_904_223)
        .and(eax, nodes - 1)
        .shl(eax, 6)
        .add(eax, place.data)
      a.mov(edx, ebx)
        .shl(edx, 6)
        .mov(w.mem({ base: w.d, displacement: place.data }), w.a)
        .inc(ebx)
    })
    a.mov(mem32(place.cell), place.data)
  },
  round: (g) => {
    const { a, w } = g
    if (reload) reloadRoot(g)
    a.mov(ebx, mem32(place.cell))
    counted(g, steps, () => a.mov(w.b, w.mem(w.b)))
    a.mov(mem32(place.cell), ebx).mov(eax, ebx)
  },
})
