import { eax, ebx, ecx, mem32, mem64, mem128, st0, st1, xmm0, xmm1, xmm2, xmm3, xmm4, xmm5 } from '@vmm/x86-assembler'
import type { Guest, Load } from './guest.ts'
import { counted, scatter } from './loops.ts'
import { place } from './places.ts'

const arrayBytes = 16 << 10
const [first, second] = [place.data, place.data + arrayBytes]
/** Two doubles of each, at the start of what follows the arrays. */
const constants = place.data + 2 * arrayBytes
const values = { one: 1, rate: 3.75, start: 0.4321, half: 0.5, other: 0.1234 } as const
const at = (name: keyof typeof values): number => constants + Object.keys(values).indexOf(name) * 16

function bitsOf(value: number): readonly [number, number] {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return [view.getUint32(4), view.getUint32(0)]
}

/** Two arrays of doubles below one, and the constants, each twice. */
function prepare(g: Guest): void {
  const { a, w } = g
  for (const [name, value] of Object.entries(values)) {
    const [low, high] = bitsOf(value)
    for (const half of [0, 8]) {
      const address = at(name as keyof typeof values) + half
      a.mov(mem32(address), low).mov(mem32(address + 4), high)
    }
  }
  scatter(g, place.data + 4 * arrayBytes, arrayBytes / 2)
  a.xor(ebx, ebx).mov(eax, 0x7fff_ffff).cvtsi2sd(xmm1, eax)
  a.label('convert')
    .mov(eax, mem32({ base: w.b, scale: 1, displacement: place.data + 4 * arrayBytes }))
    .cvtsi2sd(xmm0, eax)
    .divsd(xmm0, xmm1)
  a.movsd(mem64({ index: w.b, scale: 2, displacement: first }), xmm0)
    .add(ebx, 4)
    .cmp(ebx, arrayBytes)
    .jb('convert')
}

/** Has EAX depend on XMM0 and XMM4. */
function folded({ a }: Guest): void {
  a.xorpd(xmm0, xmm4).movupd(mem128(place.cell), xmm0).mov(eax, mem32(place.cell))
  for (const offset of [4, 8, 12]) a.rol(eax, 7).xor(eax, mem32(place.cell + offset))
}

/** The logistic map and what goes with it, one double at a time and all in registers, as compilers write it. */
export const scalarHot: Load = {
  prepare,
  round: (g) => {
    const { a, w } = g
    a.movsd(xmm0, mem64(at('start')))
      .movsd(xmm1, mem64(at('one')))
      .movsd(xmm2, mem64(at('rate')))
    a.xorpd(xmm4, xmm4)
      .movsd(xmm5, mem64(at('half')))
      .xor(ebx, ebx)
    counted(g, 10_000, () => {
      const small = a.unique('small')
      a.movapd(xmm3, xmm1).subsd(xmm3, xmm0).mulsd(xmm0, xmm2).mulsd(xmm0, xmm3)
      a.addsd(xmm4, xmm0).cvtsi2sd(xmm3, ecx).mulsd(xmm3, xmm5).divsd(xmm3, xmm2).addsd(xmm4, xmm3)
      a.comisd(xmm0, xmm5).jb(small).sqrtsd(xmm3, xmm4).subsd(xmm4, xmm3).label(small)
      a.cvttsd2si(eax, xmm4).add(w.b, w.a)
    })
    folded(g)
    a.add(eax, ebx)
  },
}

/** Sums and products over two arrays of 16 KiB, one double at a time. */
export const scalarCached: Load = {
  prepare,
  round: (g) => {
    const { a, w } = g
    a.movsd(xmm1, mem64(at('half')))
      .movsd(xmm2, mem64(at('other')))
      .xorpd(xmm4, xmm4)
      .mov(ecx, 8)
    a.label('pass').xor(ebx, ebx)
    a.label('element')
      .movsd(xmm0, mem64({ base: w.b, displacement: first }))
      .movsd(xmm3, mem64({ base: w.b, displacement: second }))
    a.mulsd(xmm0, xmm2).mulsd(xmm3, xmm1).addsd(xmm3, xmm0).addsd(xmm4, xmm3)
    a.movsd(mem64({ base: w.b, displacement: second }), xmm3)
      .add(ebx, 8)
      .cmp(ebx, arrayBytes)
      .jb('element')
    a.dec(ecx).jne('pass')
    folded(g)
  },
}

/** Two logistic maps at once, all in registers. */
export const packedHot: Load = {
  prepare,
  round: (g) => {
    const { a } = g
    a.movapd(xmm0, mem128(at('start'))).movsd(xmm0, mem64(at('other')))
    a.movapd(xmm1, mem128(at('one')))
      .movapd(xmm2, mem128(at('rate')))
      .movapd(xmm5, mem128(at('half')))
      .xorpd(xmm4, xmm4)
    counted(g, 10_000, () => {
      a.movapd(xmm3, xmm1).subpd(xmm3, xmm0).mulpd(xmm0, xmm2).mulpd(xmm0, xmm3)
      a.addpd(xmm4, xmm0).mulpd(xmm4, xmm5).movapd(xmm3, xmm0).shufpd(xmm3, xmm3, 1).maxpd(xmm3, xmm5)
      a.divpd(xmm3, xmm2).addpd(xmm4, xmm3)
    })
    folded(g)
  },
}

/** Sums and products over two arrays of 16 KiB, two doubles at a time. */
export const packedCached: Load = {
  prepare,
  round: (g) => {
    const { a, w } = g
    const element = (array: number) => mem128({ base: w.b, displacement: array })
    a.movapd(xmm1, mem128(at('half')))
      .movapd(xmm2, mem128(at('other')))
      .xorpd(xmm4, xmm4)
      .mov(ecx, 8)
    a.label('pass').xor(ebx, ebx)
    a.label('element').movapd(xmm0, element(first)).movapd(xmm3, element(second))
    a.mulpd(xmm0, xmm2).mulpd(xmm3, xmm1).addpd(xmm3, xmm0).addpd(xmm4, xmm3)
    a.movapd(element(second), xmm3).add(ebx, 16).cmp(ebx, arrayBytes).jb('element')
    a.dec(ecx).jne('pass')
    folded(g)
  },
}

/** The logistic map and a sum on the x87's stack, as compilers wrote it before SSE2: constants and the sum are in memory. */
export const x87Hot: Load = {
  prepare: (g) => {
    prepare(g)
    g.a.fninit()
  },
  round: (g) => {
    const { a } = g
    const sum = place.cell
    a.fldz()
      .fstp(mem64(sum))
      .fld(mem64(at('start')))
    counted(g, 10_000, () => {
      a.fld1()
        .fsub(st0, st1)
        .fmulp(st1, st0)
        .fmul(mem64(at('rate')))
      a.mov(mem32(sum + 8), ecx)
        .fild(mem32(sum + 8))
        .fmul(mem64(at('half')))
        .fdiv(mem64(at('rate')))
      a.fadd(st0, st1).fadd(mem64(sum)).fstp(mem64(sum))
    })
    a.fstp(mem64(sum + 8)).mov(eax, mem32(sum))
    for (const offset of [4, 8, 12]) a.rol(eax, 7).xor(eax, mem32(sum + offset))
  },
}
