import { cr0, cr4, efer } from '@vmm/x86-registers'
import { type Bits, type Machine, procedure, type Variable } from '@vmm/x86-semantics'

/**
 * What an access is, in one byte: `user` is by a program at CPL 3, `override` a supervisor access that SMAP lets pass
 * (RFLAGS.AC is set and the program itself asks).
 */
export const access = { write: 1, execute: 2, user: 4, override: 8 } as const

/** Set in the first result of a walk that failed; the #PF error code is in the low bits. */
export const failed = 0x8000_0000

/** Facts about a page that was found, in the third result. */
export const pageFact = { global: 1, large: 2 } as const

/** The #PF error code. Source: SDM 3A §4.7, Figure 4-12. */
export const errorBit = { present: 1, write: 2, user: 4, reserved: 8, fetch: 16, key: 32 } as const

const all64 = (1n << 64n) - 1n

interface Asked {
  readonly linear: Bits<64>
  readonly write: Bits<1>
  readonly execute: Bits<1>
  readonly user: Bits<1>
  readonly override: Bits<1>
}

interface Outcome {
  readonly error: Variable<32>
  readonly frame: Variable<64>
  readonly facts: Variable<32>
}

const bit = (m: Machine, value: Bits<64>, at: { readonly low: number }): Bits<1> => m.bit(value, at.low)
const mask = (m: Machine, value: Bits<64>, kept: bigint): Bits<64> => m.and(value, m.constant(kept & all64, 64))
const either = (m: Machine, ...all: Bits<1>[]): Bits<1> => all.reduce((a, b) => m.or(a, b))
const both = (m: Machine, ...all: Bits<1>[]): Bits<1> => all.reduce((a, b) => m.and(a, b))

/** The error code of a walk that ends here; `more` adds what kind of failure it is. */
function fail(m: Machine, asked: Asked, outcome: Outcome, more: number): void {
  const term = (condition: Bits<1>, value: number) => m.select(condition, m.constant(value, 32), m.constant(0, 32))
  const fetches = m.or(
    bit(m, m.get('CR4'), cr4.SMEP),
    m.and(bit(m, m.get('CR4'), cr4.PAE), bit(m, m.get('IA32_EFER'), efer.NXE)),
  )
  const code = [
    term(asked.write, errorBit.write),
    term(asked.user, errorBit.user),
    term(m.and(asked.execute, fetches), errorBit.fetch),
    m.constant(more, 32),
    m.constant(failed, 32),
  ].reduce((a, b) => m.or(a, b))
  outcome.error.set(code)
}

interface Leaf {
  readonly writable: Bits<1>
  readonly userPage: Bits<1>
  readonly noExecute: Bits<1>
  readonly key: Bits<64>
}

/** Whether page rights let the access through. Source: SDM 3A §4.6.1. */
function forbidden(m: Machine, asked: Asked, leaf: Leaf): Bits<1> {
  const control = m.get('CR4')
  const supervisor = m.not(asked.user)
  const readOnlyMatters = m.or(asked.user, bit(m, m.get('CR0'), cr0.WP))
  return either(
    m,
    both(m, asked.user, m.not(leaf.userPage)),
    both(m, asked.write, m.not(leaf.writable), readOnlyMatters),
    both(m, asked.execute, leaf.noExecute),
    both(m, supervisor, asked.execute, leaf.userPage, bit(m, control, cr4.SMEP)),
    both(m, supervisor, m.not(asked.execute), leaf.userPage, bit(m, control, cr4.SMAP), m.not(asked.override)),
  )
}

/** Protection keys of user pages: SDM 3A §4.6.2. */
function forbiddenByKey(m: Machine, asked: Asked, leaf: Leaf): Bits<1> {
  const active = both(
    m,
    bit(m, m.get('CR4'), cr4.PKE),
    bit(m, m.get('IA32_EFER'), efer.LMA),
    leaf.userPage,
    m.not(asked.execute),
  )
  const rights = m.shiftRight(m.zeroExtend(m.get('PKRU'), 64), m.shiftLeft(leaf.key, m.constant(1, 64)))
  const writeMatters = both(m, asked.write, m.bit(rights, 1), m.or(asked.user, bit(m, m.get('CR0'), cr0.WP)))
  return m.and(active, m.or(m.bit(rights, 0), writeMatters))
}

/** Checks the rights of a page that was found; if they hold, `allowed` marks it accessed and dirty. */
function settle(m: Machine, asked: Asked, outcome: Outcome, leaf: Leaf, allowed: () => void): void {
  m.when(
    forbidden(m, asked, leaf),
    () => fail(m, asked, outcome, errorBit.present),
    () =>
      m.when(forbiddenByKey(m, asked, leaf), () => fail(m, asked, outcome, errorBit.present | errorBit.key), allowed),
  )
}

/** Accessed, and for stores dirty: an atomic change, so that what another processor did meanwhile is not lost. */
function mark(m: Machine, address: Bits<64>, entry: Bits<64>, write: Bits<1>, w: 32 | 64): void {
  const marks = m.select(write, m.constant(0x60, 64), m.constant(0x20, 64))
  const marked = m.or(entry, marks)
  m.when(m.not(m.equal(marked, entry)), () => {
    if (w === 64) m.compareAndSwapPhysical(address, entry, marked)
    else m.compareAndSwapPhysical(address, m.truncate(entry, 32), m.truncate(marked, 32))
  })
}

/** Bits of an entry that must be zero: above MAXPHYADDR, NX without EFER.NXE, and by level. SDM 3A §4.5, Table 4-15 ff. */
function reservedBits(m: Machine, entry: Bits<64>, shift: Bits<64>, large: Bits<1>): Bits<1> {
  const long = bit(m, m.get('IA32_EFER'), efer.LMA)
  const nx = m.select(bit(m, m.get('IA32_EFER'), efer.NXE), m.constant(0, 64), m.constant(1n << 63n, 64))
  const beyond = m.and(m.not(m.get('PHYSICAL_MASK')), m.constant(0x000f_ffff_ffff_f000n, 64))
  const ignored = m.select(long, m.constant(0, 64), m.constant(0x7ff0_0000_0000_0000n, 64))
  const inLarge = m.sub(m.shiftLeft(m.constant(1, 64), shift), m.constant(0x2000, 64))
  const pointer = m.and(m.not(long), m.equal(shift, m.constant(30, 64)))
  const ofPointer = m.select(pointer, m.constant(0x8000_0000_0000_01e6n, 64), m.constant(0, 64))
  const noPages = m.and(m.below(m.constant(30, 64), shift), m.bit(entry, 7))
  const forbiddenMask = m.or(
    m.or(nx, beyond),
    m.or(m.or(ignored, ofPointer), m.select(large, inLarge, m.constant(0, 64))),
  )
  return m.or(noPages, m.not(m.isZero(m.and(entry, forbiddenMask))))
}

/** PAE, 4-level and 5-level paging: entries of eight bytes, nine bits of address a level. */
function walkWide(m: Machine, asked: Asked, outcome: Outcome): void {
  const long = bit(m, m.get('IA32_EFER'), efer.LMA)
  const top = m.select(
    long,
    m.select(bit(m, m.get('CR4'), cr4.LA57), m.constant(48, 64), m.constant(39, 64)),
    m.constant(30, 64),
  )
  const table = m.variable(
    m.select(long, m.and(mask(m, m.get('CR3'), ~0xfffn), m.get('PHYSICAL_MASK')), mask(m, m.get('CR3'), 0xffff_ffe0n)),
  )
  const [shift, going] = [m.variable(top), m.variable(m.constant(1, 1))]
  const [writable, userPage, noExecute] = [
    m.variable(m.constant(1, 1)),
    m.variable(m.constant(1, 1)),
    m.variable(m.constant(0, 1)),
  ]
  m.loop(
    () => going.get(),
    () => {
      const level = shift.get()
      const address = m.add(
        table.get(),
        m.shiftLeft(mask(m, m.shiftRight(asked.linear, level), 0x1ffn), m.constant(3, 64)),
      )
      const entry = m.loadPhysical(address, 64)
      const pointer = m.and(m.not(long), m.equal(level, m.constant(30, 64)))
      const large = both(
        m,
        m.bit(entry, 7),
        m.below(level, m.constant(31, 64)),
        m.below(m.constant(12, 64), level),
        m.not(pointer),
      )
      going.set(m.constant(0, 1))
      m.when(
        m.not(m.bit(entry, 0)),
        () => fail(m, asked, outcome, 0),
        () =>
          m.when(
            reservedBits(m, entry, level, large),
            () => fail(m, asked, outcome, errorBit.present | errorBit.reserved),
            () => {
              writable.set(m.and(writable.get(), m.or(pointer, m.bit(entry, 1))))
              userPage.set(m.and(userPage.get(), m.or(pointer, m.bit(entry, 2))))
              noExecute.set(m.or(noExecute.get(), m.bit(entry, 63)))
              m.when(
                m.or(large, m.equal(level, m.constant(12, 64))),
                () => {
                  const leaf: Leaf = {
                    writable: writable.get(),
                    userPage: userPage.get(),
                    noExecute: noExecute.get(),
                    key: mask(m, m.shiftRight(entry, m.constant(59, 64)), 15n),
                  }
                  settle(m, asked, outcome, leaf, () => {
                    mark(m, address, entry, asked.write, 64)
                    const inside = m.sub(m.shiftLeft(m.constant(1, 64), level), m.constant(0x1000, 64))
                    const base = m.and(m.and(entry, m.constant(0x000f_ffff_ffff_f000n, 64)), m.not(inside))
                    outcome.frame.set(m.or(base, m.and(asked.linear, inside)))
                    outcome.facts.set(factsOf(m, entry, large))
                  })
                },
                () => {
                  m.when(m.not(pointer), () => mark(m, address, entry, m.constant(0, 1), 64))
                  table.set(mask(m, entry, 0x000f_ffff_ffff_f000n))
                  shift.set(m.sub(level, m.constant(9, 64)))
                  going.set(m.constant(1, 1))
                },
              )
            },
          ),
      )
    },
  )
}

function factsOf(m: Machine, entry: Bits<64>, large: Bits<1>): Bits<32> {
  const global = m.and(m.bit(entry, 8), bit(m, m.get('CR4'), cr4.PGE))
  return m.or(m.zeroExtend(global, 32), m.shiftLeft(m.zeroExtend(large, 32), m.constant(1, 32)))
}

/** 32-bit paging: two levels of four-byte entries, 4-MByte pages with CR4.PSE and 40-bit addresses in them. SDM 3A §4.3. */
function walkNarrow(m: Machine, asked: Asked, outcome: Outcome): void {
  const directory = m.add(
    mask(m, m.get('CR3'), 0xffff_f000n),
    m.shiftLeft(m.shiftRight(asked.linear, m.constant(22, 64)), m.constant(2, 64)),
  )
  const first = m.zeroExtend(m.loadPhysical(directory, 32), 64)
  const large = m.and(m.bit(first, 7), bit(m, m.get('CR4'), cr4.PSE))
  m.when(
    m.not(m.bit(first, 0)),
    () => fail(m, asked, outcome, 0),
    () =>
      m.when(
        large,
        () => {
          m.when(
            m.not(m.isZero(mask(m, first, 0x0020_0000n))),
            () => fail(m, asked, outcome, errorBit.present | errorBit.reserved),
            () => {
              const leaf: Leaf = {
                writable: m.bit(first, 1),
                userPage: m.bit(first, 2),
                noExecute: m.constant(0, 1),
                key: m.constant(0, 64),
              }
              settle(m, asked, outcome, leaf, () => {
                mark(m, directory, first, asked.write, 32)
                const high = m.shiftLeft(mask(m, m.shiftRight(first, m.constant(13, 64)), 0xffn), m.constant(32, 64))
                const base = m.or(mask(m, first, 0xffc0_0000n), high)
                outcome.frame.set(m.or(base, mask(m, asked.linear, 0x3f_f000n)))
                outcome.facts.set(factsOf(m, first, large))
              })
            },
          )
        },
        () => {
          mark(m, directory, first, m.constant(0, 1), 32)
          const address = m.add(
            mask(m, first, 0xffff_f000n),
            m.shiftLeft(mask(m, m.shiftRight(asked.linear, m.constant(12, 64)), 0x3ffn), m.constant(2, 64)),
          )
          const entry = m.zeroExtend(m.loadPhysical(address, 32), 64)
          m.when(
            m.not(m.bit(entry, 0)),
            () => fail(m, asked, outcome, 0),
            () => {
              const leaf: Leaf = {
                writable: m.and(m.bit(first, 1), m.bit(entry, 1)),
                userPage: m.and(m.bit(first, 2), m.bit(entry, 2)),
                noExecute: m.constant(0, 1),
                key: m.constant(0, 64),
              }
              settle(m, asked, outcome, leaf, () => {
                mark(m, address, entry, asked.write, 32)
                outcome.frame.set(mask(m, entry, 0xffff_f000n))
                outcome.facts.set(factsOf(m, entry, m.constant(0, 1)))
              })
            },
          )
        },
      ),
  )
}

/**
 * Translates a linear address: (linear, access) gives (0 or `failed` with an error code, physical address of the
 * 4 KiB frame, page facts). The linear address must be canonical, and 32 bits wide outside IA-32e mode. Accessed and
 * dirty bits are set; the caller raises #PF and sets CR2. Source: SDM 3A §4.
 */
export const walk = procedure('walk', [64, 8], [32, 64, 32], (m, linear, word) => {
  const outcome: Outcome = {
    error: m.variable(m.constant(0, 32)),
    frame: m.variable(mask(m, linear, ~0xfffn)),
    facts: m.variable(m.constant(0, 32)),
  }
  const asked: Asked = {
    linear,
    write: m.bit(word, 0),
    execute: m.bit(word, 1),
    user: m.bit(word, 2),
    override: m.bit(word, 3),
  }
  m.when(bit(m, m.get('CR0'), cr0.PG), () =>
    m.when(
      bit(m, m.get('CR4'), cr4.PAE),
      () => walkWide(m, asked, outcome),
      () => walkNarrow(m, asked, outcome),
    ),
  )
  return [outcome.error.get(), outcome.frame.get(), outcome.facts.get()]
})
