import type { Bits, Machine } from '../algebra.ts'
import { isCanonical } from '../integer/control.ts'
import { controlsOf, hasOwnShadowStack, hasShadowStack, isUser, mayEnforce, trackFar, violate } from './control-flow.ts'
import { refuseUnless } from './privilege.ts'

/** Of a token: the shadow stack is in use. Source: SDM 1 §17.2.3. */
export const busy = 1

const by = (m: Machine, address: Bits<64>, bytes: number): Bits<64> => m.add(address, m.constant(bytes, 64))
const under = (m: Machine, address: Bits<64>, bytes: number): Bits<64> => m.sub(address, m.constant(bytes, 64))
const isAligned = (m: Machine, address: Bits<64>, to: 4 | 8): Bits<1> =>
  m.isZero(m.and(address, m.constant(to - 1, 64)))

/** What lies on a shadow stack: four bytes, or eight, which may begin in the middle of eight. */
export function loadShadow<W extends 32 | 64>(m: Machine, linear: Bits<64>, w: W, user: Bits<1>): Bits<W> {
  if (w === 32) return m.loadPhysical(m.shadowPlace(linear, 4, 'read', user), w)
  const value = m.variable(m.constant(0, 64))
  m.when(
    isAligned(m, linear, 8),
    () => value.set(m.loadPhysical(m.shadowPlace(linear, 8, 'read', user), 64)),
    () => {
      const low = m.loadPhysical(m.shadowPlace(linear, 4, 'read', user), 32)
      const high = m.loadPhysical(m.shadowPlace(by(m, linear, 4), 4, 'read', user), 32)
      value.set(m.or(m.zeroExtend(low, 64), m.shiftLeft(m.zeroExtend(high, 64), m.constant(32, 64))))
    },
  )
  // eight bytes it was
  return m.zeroExtend(value.get(), w)
}

/** Faults now if as many bytes of a shadow stack could not be stored. */
export function reachShadow(m: Machine, linear: Bits<64>, bytes: 4 | 8, user: Bits<1>): void {
  m.shadowPlace(linear, 4, 'write', user)
  if (bytes === 8) m.shadowPlace(by(m, linear, 4), 4, 'write', user)
}

/** Stores what can be stored. */
export function storeShadow<W extends 32 | 64>(m: Machine, linear: Bits<64>, value: Bits<W>, user: Bits<1>): void {
  const plainly = <V extends 32 | 64>(at: Bits<64>, part: Bits<V>) => {
    const place = m.shadowPlace(at, m.widthOf(part) === 32 ? 4 : 8, 'write', user)
    const done = m.variable(m.constant(0, 1))
    m.loop(
      () => m.not(done.get()),
      () => done.set(m.compareAndSwapPhysical(place, m.loadPhysical(place, m.widthOf(part)), part)),
    )
  }
  if (m.widthOf(value) === 32) return plainly(linear, value)
  m.when(
    isAligned(m, linear, 8),
    () => plainly(linear, value),
    () => {
      plainly(linear, m.truncate(value, 32))
      plainly(by(m, linear, 4), m.extract(value, 32, 32))
    },
  )
}

/** Exchanges a token as one step: 1 if it was the expected one. */
export const swapToken = (m: Machine, linear: Bits<64>, expected: Bits<64>, fresh: Bits<64>, user: Bits<1>): Bits<1> =>
  m.compareAndSwapPhysical(m.shadowPlace(linear, 8, 'write', user), expected, fresh)

const widthHere = (m: Machine): 32 | 64 => (m.mode.codeSize === 64 ? 64 : 32)

/** A near CALL, in two parts: what may fault, and what is stored. Source: SDM 2A, CALL, Operation. */
export function prepareNearCall(m: Machine, isCall: Bits<1>): () => void {
  if (m.mode.cet !== true) return () => {}
  const width = widthHere(m)
  const [enabled, user] = [m.and(hasShadowStack(m), isCall), isUser(m)]
  const below = under(m, m.get('SSP'), width / 8)
  m.when(enabled, () => reachShadow(m, below, width === 64 ? 8 : 4, user))
  return () =>
    m.when(enabled, () => {
      const value = m.zeroExtend(m.truncate(m.nextRip(), m.mode.operandSize), width)
      storeShadow(m, below, value, user)
      m.set('SSP', below)
    })
}

/** A near RET: what it returns to must be what the CALL has left there. Gives what is left to do. Source: SDM 2B, RET, Operation. */
export function prepareNearReturn(m: Machine, target: Bits<64>): () => void {
  if (m.mode.cet !== true) return () => {}
  const width = widthHere(m)
  const enabled = hasShadowStack(m)
  const ssp = m.get('SSP')
  m.when(enabled, () => {
    const kept = m.zeroExtend(loadShadow(m, ssp, width, isUser(m)), 64)
    m.when(m.not(m.equal(kept, target)), () => violate(m, 'nearReturn'))
  })
  return () => m.when(enabled, () => m.set('SSP', by(m, ssp, width / 8)))
}

/** Where a far CALL, a gate or an event leads, as far as shadow stacks go. */
export interface FarEntry {
  /** CPL from then on. */
  readonly level: Bits<8>
  /** Whether another shadow stack is taken, and where its token is. */
  readonly switches: Bits<1>
  readonly token: Bits<64>
  /** Whether CPL changes. */
  readonly inner: Bits<1>
  /** Whether the code there is 64-bit code. */
  readonly isLong: boolean | Bits<1>
  /** What is pushed of where it comes from. */
  readonly selector: Bits<16>
  readonly linear: Bits<64>
}

/** Faults with #GP(0) unless a shadow-stack pointer may be that of code: outside 64-bit code it has 32 bits. */
function checkPointer(m: Machine, ssp: Bits<64>, isLong: boolean | Bits<1>): void {
  const narrow = m.isZero(m.shiftRight(ssp, m.constant(32, 64)))
  const fits = (long: boolean) => (long ? isCanonical(m, ssp) : narrow)
  refuseUnless(m, typeof isLong === 'boolean' ? fits(isLong) : m.select(isLong, fits(true), fits(false)))
}

/**
 * A far transfer that comes back: checks, marks the token of another shadow stack busy, and gives what is left to do once everything else has been
 * checked, too. Source: SDM 2A, CALL and INT n, Operation.
 */
export function prepareFarEntry(m: Machine, to: FarEntry): () => void {
  if (!mayEnforce(m)) return () => {}
  const { level, switches, token, inner } = to
  const [cpl, old] = [m.get('CPL'), m.get('SSP')]
  const [enabled, user] = [hasShadowStack(m, level), isUser(m, level)]
  const top = m.variable(old)
  const pushes = m.or(m.not(inner), m.not(isUser(m, cpl)))
  const left = hasOwnShadowStack(m)
  m.when(enabled, () => {
    m.when(switches, () => {
      refuseUnless(m, isAligned(m, token, 8))
      checkPointer(m, token, to.isLong)
      top.set(token)
    })
    m.when(pushes, () => reachFrame(m, top.get(), user))
    m.when(switches, () => {
      const marked = m.or(token, m.constant(busy, 64))
      refuseUnless(m, swapToken(m, token, token, marked, user))
    })
  })
  return () => {
    m.when(m.and(isUser(m, cpl), m.and(inner, left)), () => m.set('IA32_PL3_SSP', old))
    m.when(enabled, () => {
      m.set('SSP', top.get())
      m.when(pushes, () => pushFrame(m, top.get(), user, [m.zeroExtend(to.selector, 64), to.linear, old]))
    })
    trackFar(m, level)
  }
}

/** A far CALL, directly or through a gate: another level has a shadow stack of its own. */
export function prepareFarCall(m: Machine, to: Pick<FarEntry, 'level' | 'inner' | 'isLong'>): () => void {
  if (!mayEnforce(m)) return () => {}
  const [switches, token] = [to.inner, ownPointer(m, to.level)]
  return prepareFarEntry(m, {
    ...to,
    switches,
    token,
    selector: m.get('CS.selector'),
    linear: linearIn(m, m.nextRip()),
  })
}

/** A linear instruction pointer, of an offset in CS. */
export function linearIn(m: Machine, offset: Bits<64>, base: Bits<64> = m.get('CS.base')): Bits<64> {
  return m.mode.execution === 'long' ? offset : m.and(m.add(base, offset), m.constant(0xffff_ffff, 64))
}

/** The top of a frame of three eights, on a boundary of eight. */
const boundary = (m: Machine, top: Bits<64>): Bits<64> => m.and(top, m.constant(~7n & ((1n << 64n) - 1n), 64))

/** Faults unless a frame of three eights could be pushed there. */
export function reachFrame(m: Machine, top: Bits<64>, user: Bits<1>): void {
  m.when(m.not(isAligned(m, top, 8)), () => reachShadow(m, under(m, top, 4), 4, user))
  for (const depth of [8, 16, 24]) m.shadowPlace(under(m, boundary(m, top), depth), 8, 'write', user)
}

/** Pushes it. */
export function pushFrame(m: Machine, top: Bits<64>, user: Bits<1>, values: readonly Bits<64>[]): void {
  m.when(m.not(isAligned(m, top, 8)), () => storeShadow(m, under(m, top, 4), m.constant(0, 32), user))
  const base = boundary(m, top)
  for (const [index, value] of values.entries()) storeShadow(m, under(m, base, 8 * (index + 1)), value, user)
  m.set('SSP', under(m, base, 8 * values.length))
}

/** The pointer that a level has for who comes from outside. */
export const ownPointer = (m: Machine, level: Bits<8>): Bits<64> =>
  m.select(
    m.isZero(level),
    m.get('IA32_PL0_SSP'),
    m.select(m.equal(level, m.constant(1, 8)), m.get('IA32_PL1_SSP'), m.get('IA32_PL2_SSP')),
  )

/** Where a far RET or IRET leads. */
export interface FarReturn {
  readonly level: Bits<8>
  readonly outer: Bits<1>
  readonly isLong: Bits<1>
  readonly selector: Bits<16>
  readonly linear: Bits<64>
  /** IRET gives the shadow stack free that an event has taken at the same level. */
  readonly kind: 'far return' | 'interrupt return'
}

/** Checks what was left on the shadow stack, and gives what is left to do. Source: SDM 2A, IRET, and SDM 2B, RET, Operation. */
export function prepareFarReturn(m: Machine, to: FarReturn): () => void {
  if (m.mode.cet !== true) return () => {}
  const { level, outer, kind } = to
  const [enabled, user, ssp] = [hasShadowStack(m), isUser(m), m.get('SSP')]
  const [before, popped] = [m.variable(m.get('IA32_PL3_SSP')), m.variable(ssp)]
  m.when(enabled, () => {
    m.when(m.not(isAligned(m, ssp, 8)), () => violate(m, 'farReturn'))
    m.when(m.not(m.and(outer, isUser(m, level))), () => {
      const [previous, linear, selector] = [0, 8, 16].map((at) => loadShadow(m, by(m, ssp, at), 64, user))
      const same = m.and(m.equal(selector!, m.zeroExtend(to.selector, 64)), m.equal(linear!, to.linear))
      m.when(m.not(m.and(same, isAligned(m, previous!, 4))), () => violate(m, 'farReturn'))
      before.set(previous!)
      popped.set(by(m, ssp, 24))
    })
  })
  const then = hasShadowStack(m, level)
  m.when(then, () => checkPointer(m, before.get(), to.isLong))
  const elsewhere = m.not(m.equal(before.get(), popped.get()))
  const frees = m.and(enabled, kind === 'far return' ? outer : m.or(outer, elsewhere))
  m.when(frees, () => void m.shadowPlace(popped.get(), 8, 'write', user))
  return () => {
    m.when(frees, () => {
      const at = popped.get()
      swapToken(m, at, m.or(at, m.constant(busy, 64)), at, user)
    })
    m.when(then, () => m.set('SSP', before.get()))
  }
}

/**
 * SYSCALL and SYSENTER leave the shadow stack of who calls behind, whatever its CPL, and have none of their own yet. SYSENTER is no longer in
 * virtual-8086 mode when it looks. Source: SDM 2B, SYSCALL and SYSENTER, Operation.
 */
export function leaveUserShadowStack(m: Machine): void {
  if (!mayEnforce(m)) return
  const none = m.constant(0, 8)
  m.when(hasShadowStack(m), () => m.set('IA32_PL3_SSP', m.get('SSP')))
  m.when(hasShadowStack(m, none), () => m.set('SSP', m.constant(0, 64)))
  trackFar(m, none)
}

/** SYSRET and SYSEXIT take it again. */
export function takeUserShadowStack(m: Machine): void {
  if (m.mode.cet !== true) return
  m.when(m.bit(controlsOf(m, m.constant(3, 8)), 0), () => m.set('SSP', m.get('IA32_PL3_SSP')))
}

/** IRET to virtual-8086 mode, which has no shadow stack: that of CPL 0 is free. Source: SDM 2A, IRET, Operation. */
export function freeShadowStack(m: Machine): void {
  if (m.mode.cet !== true) return
  m.when(hasShadowStack(m), () => {
    const ssp = m.get('SSP')
    m.when(m.not(isAligned(m, ssp, 8)), () => violate(m, 'farReturn'))
    swapToken(m, ssp, m.or(ssp, m.constant(busy, 64)), ssp, m.constant(0, 1))
  })
}
