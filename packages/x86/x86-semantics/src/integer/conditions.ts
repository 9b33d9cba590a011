import type { Bits, Machine } from '../algebra.ts'

/** The sixteen conditions in the order of the encoding. Source: SDM 1 Appendix B, Table B-1. */
export const conditions = [
  'O',
  'NO',
  'B',
  'NB',
  'Z',
  'NZ',
  'BE',
  'NBE',
  'S',
  'NS',
  'P',
  'NP',
  'L',
  'NL',
  'LE',
  'NLE',
] as const
export type Condition = (typeof conditions)[number]

const positive: Readonly<Record<string, (m: Machine) => Bits<1>>> = {
  O: (m) => m.flag('OF'),
  B: (m) => m.flag('CF'),
  Z: (m) => m.flag('ZF'),
  BE: (m) => m.or(m.flag('CF'), m.flag('ZF')),
  S: (m) => m.flag('SF'),
  P: (m) => m.flag('PF'),
  L: (m) => m.xor(m.flag('SF'), m.flag('OF')),
  LE: (m) => m.or(m.flag('ZF'), m.xor(m.flag('SF'), m.flag('OF'))),
}

/** Whether a condition holds now. */
export function holds(m: Machine, condition: Condition): Bits<1> {
  const direct = positive[condition]
  return direct === undefined ? m.not(positive[condition.slice(1)]!(m)) : direct(m)
}
