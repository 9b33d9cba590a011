import { cet } from '@vmm/x86-registers'
import type { Bits, Machine, Variable } from '../algebra.ts'
import { controlsOf, hasOwnShadowStack, hasShadowStack, isUser, mayEnforce, trackFar, violate } from './control-flow.ts'
import { busy, linearIn, loadShadow, pushFrame, reachFrame, swapToken } from './shadow-stack.ts'

/** Where a TSS keeps the shadow-stack pointer of its task, and its last byte. Source: SDM 3A §8.2.1, Figure 8-2. */
const [pointerOffset, leastLimit] = [0x68, 0x6b] as const

/** A switch of tasks, as far as shadow stacks and tracking go. */
export interface EnforcedSwitch {
  readonly nests: Bits<1>
  readonly returns: Bits<1>
  /** Error codes that name the old task's TSS and the new one's. */
  readonly oldCode: Bits<32>
  readonly code: Bits<32>
  /** The new TSS. */
  readonly base: Bits<64>
  readonly limit: Bits<32>
  readonly is32: Bits<1>
  /** Where the old task goes on. */
  readonly rip: Bits<64>
}

/** What a new task goes on with. */
interface NewTask {
  readonly rip: Bits<32>
  readonly flags: Bits<32>
  readonly selectors: { readonly CS: Bits<16> }
}

/** What the old task leaves for the new one, once it has been read and nothing of it can fault. */
export interface LeftBehind {
  /** Of the old task: its shadow stack is left, and given free by IRET. */
  readonly leave: () => void
  /** Of the new one: what it takes up, with faults of its own. */
  readonly enter: () => void
}

const nothing: LeftBehind = { leave: () => {}, enter: () => {} }
const three = (m: Machine): Bits<8> => m.constant(3, 8)
const isSet = (m: Machine, value: Bits<64>): Bits<1> => m.not(m.isZero(value))
const isUneven = (m: Machine, ssp: Bits<64>, to: 4 | 8): Bits<1> => isSet(m, m.and(ssp, m.constant(to - 1, 64)))

/** With CR4.CET a TSS has 32 bits, and a pointer; IRET leaves a shadow stack on a boundary of eight. Source: SDM 3A §8.3. */
export function checkEnforcedTask(m: Machine, { returns, oldCode, code, limit, is32 }: EnforcedSwitch): void {
  if (!mayEnforce(m)) return
  m.when(m.and(m.and(returns, hasOwnShadowStack(m)), isUneven(m, m.get('SSP'), 8)), () => m.fault('TS', oldCode))
  const isShort = m.or(m.not(is32), m.below(limit, m.constant(leastLimit, 32)))
  m.when(m.and(enforces(m), isShort), () => m.fault('TS', code))
}

/** CR4.CET. */
const enforces = (m: Machine): Bits<1> => (m.mode.cet === true ? m.constant(1, 1) : m.bit(m.get('CR4'), 23))

/** Reads what belongs to the old task, with faults of its own. Source: SDM 3A §8.3. */
export function prepareEnforcedSwitch(m: Machine, to: EnforcedSwitch, task: NewTask, VM: number): LeftBehind {
  if (!mayEnforce(m)) return nothing
  const cpl = m.get('CPL')
  const level = m.select(m.bit(task.flags, VM), three(m), m.and(m.truncate(task.selectors.CS, 8), three(m)))
  const [enabled, user] = [hasOwnShadowStack(m), isUser(m, cpl)]
  const old = { ssp: m.get('SSP'), selector: m.zeroExtend(m.get('CS.selector'), 64), linear: linearIn(m, to.rip) }
  const pointer = m.variable(m.constant(0, 64))
  m.when(enforces(m), () =>
    pointer.set(m.zeroExtend(m.loadLinear(m.add(to.base, m.constant(pointerOffset, 64)), 32, 'processor'), 64)),
  )
  const lower = m.and(user, m.not(isUser(m, level)))
  const frame = readFrame(
    m,
    m.and(m.and(enabled, to.returns), m.or(m.equal(level, cpl), m.not(isUser(m, level)))),
    old.ssp,
  )
  const frees = m.and(enabled, to.returns)
  m.when(frees, () => void m.shadowPlace(frame.behind.get(), 8, 'write', user))
  return {
    leave: () => {
      m.when(m.and(m.and(enabled, to.nests), lower), () => m.set('IA32_PL3_SSP', old.ssp))
      m.when(frees, () => {
        const at = frame.behind.get()
        swapToken(m, at, m.or(at, m.constant(busy, 64)), at, user)
        m.set('SSP', m.constant(0, 64))
      })
    },
    enter: () => {
      m.when(m.and(m.bit(task.flags, VM), isSet(m, m.and(controlsOf(m, three(m)), both(m)))), () =>
        m.fault('TS', to.code),
      )
      m.when(
        to.returns,
        () => resume(m, task, frame),
        () => {
          const pushes = m.and(m.and(enabled, to.nests), m.not(lower))
          m.when(hasShadowStack(m), () => begin(m, to, pointer.get(), pushes, [old.selector, old.linear, old.ssp]))
          trackFar(m)
        },
      )
    },
  }
}

/** Shadow stacks, or tracking. */
const both = (m: Machine): Bits<64> =>
  m.constant((1n << BigInt(cet.SH_STK_EN.low)) | (1n << BigInt(cet.ENDBR_EN.low)), 64)

interface Frame {
  readonly isRead: Bits<1>
  readonly selector: Variable<64>
  readonly linear: Variable<64>
  readonly previous: Variable<64>
  /** Where the token is. */
  readonly behind: Variable<64>
}

/** What the task that is returned to had left on the shadow stack of the one that it had called. */
function readFrame(m: Machine, isRead: Bits<1>, ssp: Bits<64>): Frame {
  const at = (distance: number) => m.add(ssp, m.constant(distance, 64))
  const part = () => m.variable(m.constant(0, 64))
  const frame = {
    isRead,
    selector: part(),
    linear: part(),
    previous: m.variable(m.get('IA32_PL3_SSP')),
    behind: m.variable(ssp),
  }
  const load = (distance: number) => loadShadow(m, at(distance), 64, isUser(m))
  m.when(isRead, () => {
    frame.selector.set(load(16))
    frame.linear.set(load(8))
    frame.previous.set(load(0))
    frame.behind.set(at(24))
  })
  return frame
}

/** IRET: where it goes must be what was left, and the shadow stack is taken up again. */
function resume(m: Machine, task: NewTask, frame: Frame): void {
  m.when(frame.isRead, () => {
    const isSame = m.equal(frame.selector.get(), m.zeroExtend(task.selectors.CS, 64))
    const linear = m.and(m.add(m.get('CS.base'), m.zeroExtend(task.rip, 64)), m.constant(0xffff_ffff, 64))
    m.when(m.not(m.and(isSame, m.equal(frame.linear.get(), linear))), () => violate(m, 'farReturn'))
  })
  m.when(hasShadowStack(m), () => {
    const ssp = frame.previous.get()
    const isWide = isSet(m, m.shiftRight(ssp, m.constant(32, 64)))
    m.when(m.or(isUneven(m, ssp, 4), isWide), () => violate(m, 'farReturn'))
    m.set('SSP', ssp)
  })
}

/** Any other switch: the token of the task's shadow stack is marked busy, and what the old task comes back to lies behind it. */
function begin(
  m: Machine,
  { code }: EnforcedSwitch,
  ssp: Bits<64>,
  pushes: Bits<1>,
  values: readonly Bits<64>[],
): void {
  const user = isUser(m)
  m.when(isUneven(m, ssp, 8), () => m.fault('TS', code))
  m.when(pushes, () => reachFrame(m, ssp, user))
  const marked = swapToken(m, ssp, ssp, m.or(ssp, m.constant(busy, 64)), user)
  m.when(m.not(marked), () => m.fault('TS', code))
  m.set('SSP', ssp)
  m.when(pushes, () => pushFrame(m, ssp, user, values))
}
