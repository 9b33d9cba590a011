import { cr0, cr4, efer } from '@vmm/x86-registers'
import type { Bits, Machine, Variable } from '@vmm/x86-semantics'

/** Set in the first result of a walk that failed; the #PF error code is in the low bits. */
export const failed = 0x8000_0000

/** Set beside it where EPT let no translation be made: the basic exit reason is in the low bits then. */
export const refusedByEpt = 0x4000_0000

/** The #PF error code. Source: SDM 3A §4.7, Figure 4-12. */
export const errorBit = { present: 1, write: 2, user: 4, reserved: 8, fetch: 16, key: 32, shadowStack: 64 } as const

/** What is asked of a walk, its access word taken apart. */
export interface Asked {
  readonly linear: Bits<64>
  readonly write: Bits<1>
  readonly execute: Bits<1>
  readonly user: Bits<1>
  readonly override: Bits<1>
  /** Known: an access to a shadow stack, as control-flow enforcement makes them. */
  readonly shadow: boolean
}

/** What a walk finds out. */
export interface Outcome {
  readonly error: Variable<32>
  readonly frame: Variable<64>
  readonly facts: Variable<32>
  /** Of the page that was found: whether users and stores may reach it, and nobody may execute it. */
  readonly user: Variable<1>
  readonly writable: Variable<1>
  readonly noExecute: Variable<1>
}

/** One bit of a register, by its row. */
export const bit = (m: Machine, value: Bits<64>, at: { readonly low: number }): Bits<1> => m.bit(value, at.low)
const either = (m: Machine, ...all: Bits<1>[]): Bits<1> => all.reduce((a, b) => m.or(a, b))
/** All of them. */
export const both = (m: Machine, ...all: Bits<1>[]): Bits<1> => all.reduce((a, b) => m.and(a, b))

/** The error code of a walk that ends here; `more` adds what kind of failure it is, `byKey` that a protection key forbids it. */
export function fail(m: Machine, asked: Asked, outcome: Outcome, more: number, byKey = m.constant(0, 1)): void {
  const term = (condition: Bits<1>, value: number) => m.select(condition, m.constant(value, 32), m.constant(0, 32))
  const fetches = m.or(
    bit(m, m.get('CR4'), cr4.SMEP),
    m.and(bit(m, m.get('CR4'), cr4.PAE), bit(m, m.get('IA32_EFER'), efer.NXE)),
  )
  const code = [
    term(asked.write, errorBit.write),
    term(asked.user, errorBit.user),
    term(m.and(asked.execute, fetches), errorBit.fetch),
    term(byKey, errorBit.key),
    m.constant(more | (asked.shadow ? errorBit.shadowStack : 0), 32),
    m.constant(failed, 32),
  ].reduce((a, b) => m.or(a, b))
  outcome.error.set(code)
}

/** The rights of a page, gathered from the entries that led to it. */
export interface Leaf {
  readonly writable: Bits<1>
  readonly userPage: Bits<1>
  readonly noExecute: Bits<1>
  readonly key: Bits<64>
  /** Whether its own entry lets nobody write and is dirty, and all entries before it let everybody. */
  readonly isShadowStack: Bits<1>
}

/** Shadow stacks are where nothing else can write, of a user for a user and of the supervisor for the supervisor. Source: SDM 3A §4.6.1. */
const forbiddenShadow = (m: Machine, { user }: Asked, { isShadowStack, userPage }: Leaf): Bits<1> =>
  m.or(m.not(isShadowStack), m.not(m.equal(user, userPage)))

/** Whether page rights let the access through. Source: SDM 3A §4.6.1. */
function forbidden(m: Machine, asked: Asked, leaf: Leaf): Bits<1> {
  if (asked.shadow) return forbiddenShadow(m, asked, leaf)
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
export function settle(m: Machine, asked: Asked, outcome: Outcome, leaf: Leaf, allowed: () => void): void {
  outcome.user.set(leaf.userPage)
  outcome.writable.set(leaf.writable)
  outcome.noExecute.set(leaf.noExecute)
  // a key that forbids is told of, also where the page itself does: SDM 3A §4.7
  const byKey = forbiddenByKey(m, asked, leaf)
  m.when(m.or(forbidden(m, asked, leaf), byKey), () => fail(m, asked, outcome, errorBit.present, byKey), allowed)
}
