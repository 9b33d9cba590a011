import {
  type Assembler,
  ax,
  cr0,
  eax,
  ecx,
  mem8,
  mem32,
  mem64,
  mem128,
  rax,
  rbx,
  rdi,
  rdx,
  rsi,
  st0,
  st1,
  st2,
  xmm0,
  xmm1,
  xmm2,
  xmm3,
} from '@vmm/x86-assembler'
import { Random } from '../../cpu/random.ts'
import { at } from '../layout.ts'
import type { Program } from '../program.ts'
import { loop } from './loop.ts'

const numbers = [
  ...[0, -0, 1, -1, 0.1, -3.7, 1e300, -1e300, 1e-300, 1e-310, 5e-324, -5e-324, 2.2250738585072014e-308],
  ...[
    2.225073858507202e-308,
    1.7976931348623157e308,
    1 / 0,
    -1 / 0,
    0 / 0,
    3.4e38,
    1.2e-38,
    1e-40,
    2 ** 31,
    -(2 ** 31) - 0.5,
  ],
  ...[2 ** 63, 0.5, 1.5, 2.5, 123456789, 1e16, -1e-5],
] as const
/** Doubles, then the same as singles; then the place of a pattern by the rounds that are left. */
const [doubles, singles, scratch] = [at.data + 0x100, at.data + 0x400, at.data + 0x80]

const memory = [
  [doubles, new Uint8Array(new Float64Array(numbers).buffer)],
  [singles, new Uint8Array(new Float32Array(numbers).buffer)],
] as const satisfies Program['memory']

type Step = (a: Assembler) => unknown

/** Folds all of XMM0 and MXCSR into RBX. */
const note: Step = (a) =>
  a
    .movdqu(mem128(scratch), xmm0)
    .rol(rbx, 5)
    .xor(rbx, mem64(scratch))
    .add(rbx, mem64(scratch + 8))
    .stmxcsr(mem32(scratch))
    .mov(eax, mem32(scratch))
    .xor(rbx, rax)

const registers = [xmm0, xmm1, xmm2, xmm3] as const
const scalars = ['add', 'sub', 'mul', 'div', 'min', 'max', 'sqrt'] as const

/** One of many things to do with floats. */
function step(random: Random): Step {
  const [to, from] = [random.pick(registers), random.pick(registers)]
  const form = random.pick(['sd', 'sd', 'ss', 'pd', 'ps'] as const)
  const arithmetic: Step = (a) => a[`${random.pick(scalars)}${form}`](to, from)
  const inMemory: Step = (a) => a.addsd(to, mem64({ base: rsi, displacement: 8 }))
  const compare: Step = (a) =>
    a
      .ucomisd(to, from)
      .setb(mem8(scratch + 24))
      .adc(rbx, 0)
  const moves: readonly Step[] = [
    (a) => a.movapd(to, from),
    (a) => a.movsd(to, from),
    (a) => a.movss(to, from),
    (a) => a.unpcklpd(to, from),
    (a) => a.shufps(to, from, random.below(256)),
    (a) => a.movsd(to, mem64(rsi)),
    (a) => a.movss(to, mem32(rdi)),
    (a) => a.movupd(to, mem128(rsi)),
    (a) => a.movhpd(to, mem64(rsi)),
    (a) => a.pxor(to, to),
    (a) => a.movq(rax, from).movq(to, rax),
  ]
  const conversions: readonly Step[] = [
    (a) => a.cvttsd2si(rax, from).add(rbx, rax),
    (a) => a.cvtsd2si(eax, from).add(rbx, rax),
    (a) => a.cvtsi2sd(to, ecx),
    (a) => a.cvtsi2sd(to, rbx),
    (a) => a.cvtsi2ss(to, rbx),
    (a) => a.cvtss2sd(to, from),
    (a) => a.cvtsd2ss(to, from),
    (a) => a.cvtps2pd(to, from),
    (a) => a.cvtdq2pd(to, from),
    (a) => a.cvttps2dq(to, from),
    (a) => a.cvtpd2ps(to, from),
    (a) => a.cmpsd(to, from, random.below(8)),
    (a) => a.cmpps(to, from, random.below(8)),
    (a) => a.roundsd(to, from, random.below(16)),
    (a) => a.haddpd(to, from),
  ]
  const kind = random.below(10)
  if (kind < 5) return arithmetic
  if (kind === 5) return inMemory
  if (kind === 6) return compare
  return random.pick(kind === 7 ? conversions : moves)
}

/** Steps by chance on numbers that change with the rounds; now and then MXCSR is another one. */
function byChance(seed: number, control: (round: Random) => number): Program {
  return {
    name: `floats by chance, seed ${seed}`,
    mode: 'long',
    memory,
    limit: 60_000,
    write: (a) => {
      const random = new Random(seed)
      loop(a, 400, () => {
        a.mov(eax, ecx)
          .xor(rdx, rdx)
          .mov(rdi, numbers.length - 2)
          .div(rdi)
        a.lea(rsi, mem64({ base: rdx, displacement: 0 }))
          .shl(rsi, 3)
          .add(rsi, doubles)
        a.lea(rdi, mem64(rdx)).shl(rdi, 2).add(rdi, singles)
        a.test(ecx, 63).jne('on').mov(mem32(scratch), control(random)).ldmxcsr(mem32(scratch)).label('on')
        a.movsd(xmm1, mem64(rsi)).movapd(xmm3, xmm1)
        for (let left = 12; left > 0; left -= 1) step(random)(a)
        note(a)
        a.test(ecx, 7)
          .jne('kept')
          .movsd(xmm0, mem64(doubles + 4 * 8))
          .movapd(xmm2, xmm0)
          .label('kept')
      })
    },
  }
}

const usual = () => 0x1f80

/** Floats in loops: what is tame, and what is not. */
export const floats: readonly Program[] = [
  ...Array.from({ length: 4 }, (_, index) => byChance(1 + index, usual)),
  ...Array.from({ length: 3 }, (_, index) => byChance(9 + index, (random) => (random.below(0x400) << 6) | 0x1f80)),
  {
    name: 'floats that a system withholds until they are used',
    mode: 'long',
    memory,
    write: (a) => {
      a.jmp('start').label('vector7').clts().inc(rdx).iretq().label('start')
      a.movsd(xmm0, mem64(doubles + 32))
      loop(a, 200, () => {
        a.test(ecx, 15).jne('on').mov(rax, cr0).or(rax, 8).mov(cr0, rax).label('on')
        a.addsd(xmm0, mem64(doubles + 16))
          .mulsd(xmm0, mem64(doubles + 32))
          .movq(rax, xmm0)
          .add(rbx, rax)
      })
    },
  },
  {
    name: 'x87 registers full of special numbers',
    mode: 'long',
    memory,
    limit: 60_000,
    write: (a) => {
      a.fninit().fldz().fld1().fld1()
      loop(a, 300, () => {
        a.mov(eax, ecx).xor(rdx, rdx).mov(rdi, numbers.length).div(rdi).shl(rdx, 3)
        a.fld(mem64({ base: rdx, displacement: doubles }))
          .fadd(st0, st1)
          .fmul(st0, st2)
          .fst(mem64(scratch))
          .fstp(mem32(scratch + 8))
        a.fld(mem32(scratch + 8))
          .fdiv(mem64({ base: rdx, displacement: doubles }))
          .fistp(mem64(scratch + 16))
        a.fxch(st1).fsub(mem64(scratch)).fchs().fcomi(st0, st1).adc(rbx, 0).fnstsw(ax)
        a.and(eax, 0x47ff).xor(rbx, rax).rol(rbx, 3)
        a.xor(rbx, mem64(scratch))
          .add(rbx, mem64(scratch + 8))
          .xor(rbx, mem64(scratch + 16))
          .fnclex()
        a.test(ecx, 3)
          .jne('on')
          .fstp(st0)
          .fstp(st0)
          .fld1()
          .fld(mem64(doubles + 40))
          .label('on')
      })
    },
  },
]
