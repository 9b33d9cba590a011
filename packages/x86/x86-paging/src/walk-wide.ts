import { cr4, efer } from '@vmm/x86-registers'
import type { Bits, Machine, Variable } from '@vmm/x86-semantics'
import { factsOf, isShadowStack, mark, mask, type Entry as Placed, reservedBits } from './entry.ts'
import { isFine, tableAt } from './guest-physical.ts'
import { type Asked, bit, both, errorBit, fail, type Leaf, type Outcome, settle } from './rights.ts'

/** Bits of an entry that are the address of a table or a page. */
const addressBits = 0x000f_ffff_ffff_f000n

/** The way down: the table that comes next, which address bits choose in it, and the rights so far. */
interface Descent {
  readonly long: Bits<1>
  readonly table: Variable<64>
  readonly shift: Variable<64>
  readonly going: Variable<1>
  readonly writable: Variable<1>
  readonly userPage: Variable<1>
  readonly noExecute: Variable<1>
}

/** An entry, and what its place says about it. */
interface Entry extends Placed {
  readonly level: Bits<64>
  /** One of the four PAE pointers, which grant everything. */
  readonly pointer: Bits<1>
  readonly large: Bits<1>
}

/** PAE, 4-level and 5-level paging: entries of eight bytes, nine bits of address a level. SDM 3A §4.4 and §4.5. */
export function walkWide(m: Machine, asked: Asked, outcome: Outcome): void {
  const descent = begin(m)
  m.loop(
    () => descent.going.get(),
    () => {
      const entry = fetch(m, asked, outcome, descent)
      descent.going.set(m.constant(0, 1))
      m.when(isFine(m, outcome), () => take(m, asked, outcome, descent, entry))
    },
  )
}

/** An entry that could be read: it may be none, or wrong. */
function take(m: Machine, asked: Asked, outcome: Outcome, descent: Descent, entry: Entry): void {
  m.when(
    m.not(m.bit(entry.value, 0)),
    () => fail(m, asked, outcome, 0),
    () =>
      m.when(
        reservedBits(m, entry.value, entry.level, entry.large),
        () => fail(m, asked, outcome, errorBit.present | errorBit.reserved),
        () => follow(m, asked, outcome, descent, entry),
      ),
  )
}

function begin(m: Machine): Descent {
  const long = bit(m, m.get('IA32_EFER'), efer.LMA)
  const top = m.select(
    long,
    m.select(bit(m, m.get('CR4'), cr4.LA57), m.constant(48, 64), m.constant(39, 64)),
    m.constant(30, 64),
  )
  const table = m.variable(
    m.select(long, m.and(mask(m, m.get('CR3'), ~0xfffn), m.get('PHYSICAL_MASK')), mask(m, m.get('CR3'), 0xffff_ffe0n)),
  )
  return {
    long,
    table,
    shift: m.variable(top),
    going: m.variable(m.constant(1, 1)),
    writable: m.variable(m.constant(1, 1)),
    userPage: m.variable(m.constant(1, 1)),
    noExecute: m.variable(m.constant(0, 1)),
  }
}

function fetch(m: Machine, asked: Asked, outcome: Outcome, { long, table, shift }: Descent): Entry {
  const level = shift.get()
  const address = m.add(table.get(), m.shiftLeft(mask(m, m.shiftRight(asked.linear, level), 0x1ffn), m.constant(3, 64)))
  const pointer = m.and(m.not(long), m.equal(level, m.constant(30, 64)))
  const found = m.variable(m.constant(0, 64))
  m.when(
    pointer,
    () => found.set(pointerOf(m, asked.linear)),
    () => {
      const place = tableAt(m, outcome, address, 'read')
      m.when(isFine(m, outcome), () => found.set(m.loadPhysical(place, 64)))
    },
  )
  const value = found.get()
  const large = both(
    m,
    m.bit(value, 7),
    m.below(level, m.constant(31, 64)),
    m.below(m.constant(12, 64), level),
    m.not(pointer),
  )
  return { level, address, value, pointer, large }
}

/** The entry that PAE paging keeps in the processor for a quarter of the addresses. SDM 3A §4.4.1. */
function pointerOf(m: Machine, linear: Bits<64>): Bits<64> {
  const [low, high] = [m.bit(linear, 30), m.bit(linear, 31)]
  const lower = m.select(low, m.get('PDPTE1'), m.get('PDPTE0'))
  return m.select(high, m.select(low, m.get('PDPTE3'), m.get('PDPTE2')), lower)
}

/** A good entry: the page it maps, or the next table. */
function follow(m: Machine, asked: Asked, outcome: Outcome, descent: Descent, entry: Entry): void {
  const { writable, userPage, noExecute } = descent
  const { level, value, pointer, large } = entry
  const above = asked.shadow ? writable.get() : m.constant(0, 1)
  writable.set(m.and(writable.get(), m.or(pointer, m.bit(value, 1))))
  userPage.set(m.and(userPage.get(), m.or(pointer, m.bit(value, 2))))
  noExecute.set(m.or(noExecute.get(), m.bit(value, 63)))
  m.when(
    m.or(large, m.equal(level, m.constant(12, 64))),
    () => arrive(m, asked, outcome, descent, entry, above),
    () => {
      m.when(m.not(pointer), () => mark(m, outcome, entry, m.constant(0, 1), 64))
      descent.table.set(mask(m, value, addressBits))
      descent.shift.set(m.sub(level, m.constant(9, 64)))
      descent.going.set(isFine(m, outcome))
    },
  )
}

function arrive(
  m: Machine,
  asked: Asked,
  outcome: Outcome,
  descent: Descent,
  entry: Entry,
  writableAbove: Bits<1>,
): void {
  const { level, value, large } = entry
  const leaf: Leaf = {
    writable: descent.writable.get(),
    userPage: descent.userPage.get(),
    noExecute: descent.noExecute.get(),
    key: mask(m, m.shiftRight(value, m.constant(59, 64)), 15n),
    isShadowStack: asked.shadow ? m.and(writableAbove, isShadowStack(m, value)) : writableAbove,
  }
  settle(m, asked, outcome, leaf, () => {
    mark(m, outcome, entry, asked.write, 64)
    const inside = m.sub(m.shiftLeft(m.constant(1, 64), level), m.constant(0x1000, 64))
    const base = m.and(m.and(value, m.constant(addressBits, 64)), m.not(inside))
    outcome.frame.set(m.or(base, m.and(asked.linear, inside)))
    outcome.facts.set(factsOf(m, value, large))
  })
}
