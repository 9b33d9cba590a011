import { cr4 } from '@vmm/x86-registers'
import type { Bits, Machine } from '@vmm/x86-semantics'
import { type Entry, factsOf, isShadowStack, mark, mask } from './entry.ts'
import { isFine, tableAt } from './guest-physical.ts'
import { type Asked, bit, errorBit, fail, type Leaf, type Outcome, settle } from './rights.ts'

/** 32-bit paging: two levels of four-byte entries, 4-MByte pages with CR4.PSE and 40-bit addresses in them. SDM 3A §4.3. */
export function walkNarrow(m: Machine, asked: Asked, outcome: Outcome): void {
  const address = m.add(
    mask(m, m.get('CR3'), 0xffff_f000n),
    m.shiftLeft(m.shiftRight(asked.linear, m.constant(22, 64)), m.constant(2, 64)),
  )
  withEntry(m, asked, outcome, address, (directory) => {
    const large = m.and(m.bit(directory.value, 7), bit(m, m.get('CR4'), cr4.PSE))
    m.when(
      large,
      () => largePage(m, asked, outcome, directory, large),
      () => smallPage(m, asked, outcome, directory),
    )
  })
}

/** An entry of four bytes that is present, in 64 bits; else the walk has failed. */
function withEntry(m: Machine, asked: Asked, outcome: Outcome, address: Bits<64>, use: (entry: Entry) => void): void {
  const place = tableAt(m, outcome, address, 'read')
  m.when(isFine(m, outcome), () => {
    const value = m.zeroExtend(m.loadPhysical(place, 32), 64)
    m.when(
      m.not(m.bit(value, 0)),
      () => fail(m, asked, outcome, 0),
      () => use({ address, value }),
    )
  })
}

function largePage(m: Machine, asked: Asked, outcome: Outcome, entry: Entry, large: Bits<1>): void {
  const { value } = entry
  const high = m.shiftLeft(mask(m, m.shiftRight(value, m.constant(13, 64)), 0xffn), m.constant(32, 64))
  const shadow = asked.shadow ? isShadowStack(m, value) : m.constant(0, 1)
  const beyond = m.and(high, m.not(m.get('PHYSICAL_MASK')))
  m.when(
    m.not(m.isZero(m.or(mask(m, value, 0x0020_0000n), beyond))),
    () => fail(m, asked, outcome, errorBit.present | errorBit.reserved),
    () =>
      settle(m, asked, outcome, leafOf(m, m.bit(value, 1), m.bit(value, 2), shadow), () => {
        mark(m, outcome, entry, asked.write, 32)
        const base = m.or(mask(m, value, 0xffc0_0000n), high)
        outcome.frame.set(m.or(base, mask(m, asked.linear, 0x3f_f000n)))
        outcome.facts.set(factsOf(m, value, large))
      }),
  )
}

function smallPage(m: Machine, asked: Asked, outcome: Outcome, directory: Entry): void {
  mark(m, outcome, directory, m.constant(0, 1), 32)
  const address = m.add(
    mask(m, directory.value, 0xffff_f000n),
    m.shiftLeft(mask(m, m.shiftRight(asked.linear, m.constant(12, 64)), 0x3ffn), m.constant(2, 64)),
  )
  m.when(isFine(m, outcome), () =>
    withEntry(m, asked, outcome, address, (entry) => {
      const both = (at: 1 | 2) => m.and(m.bit(directory.value, at), m.bit(entry.value, at))
      const under = () => m.and(m.bit(directory.value, 1), isShadowStack(m, entry.value))
      const shadow = asked.shadow ? under() : m.constant(0, 1)
      settle(m, asked, outcome, leafOf(m, both(1), both(2), shadow), () => {
        mark(m, outcome, entry, asked.write, 32)
        outcome.frame.set(mask(m, entry.value, 0xffff_f000n))
        outcome.facts.set(factsOf(m, entry.value, m.constant(0, 1)))
      })
    }),
  )
}

/** These entries know neither NX nor protection keys. */
const leafOf = (m: Machine, writable: Bits<1>, userPage: Bits<1>, isShadowStack: Bits<1>): Leaf => ({
  writable,
  userPage,
  isShadowStack,
  noExecute: m.constant(0, 1),
  key: m.constant(0, 64),
})
