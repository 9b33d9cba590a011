import type { Bits, Machine } from '../algebra.ts'
import { gpr } from '../operand.ts'
import { procedure } from '../procedure.ts'
import {
  baseOf,
  entryAddress,
  limitOf,
  present,
  readDescriptor,
  rplOf,
  selectorCode,
  setSystem,
  typeOf,
} from './descriptor.ts'
import { exitReason, mayExit } from './non-root.ts'
import { isPaePaging, loadPagePointers } from './page-pointers.ts'
import { flagBit } from './privilege.ts'
import { checkRoom, slotOn } from './stack-room.ts'
import { checkEnforcedTask, prepareEnforcedSwitch } from './task-enforcement.ts'
import { loadTaskLdt, loadTaskSegments, loadVirtualSegments, setSelectors } from './task-segments.ts'
import { checkSave, leastLimit, loadGeneral, readTask, saveTask, type TaskState } from './task-state.ts'

/** What switches tasks. The first two leave the old task for good; the last two nest the new one in it. */
export const switchKind = { jump: 0, iret: 1, call: 2, event: 3 } as const

/** Types of system descriptors that tasks are made of. Source: SDM 3A §3.5, Table 3-2. */
export const taskType = { tss16: 1, busyTss16: 3, gate: 5, tss32: 9, busyTss32: 11 } as const

const is = (m: Machine, type: Bits<8>, ...values: readonly number[]): Bits<1> =>
  values.map((value) => m.equal(type, m.constant(value, 8))).reduce((a, b) => m.or(a, b))

/** Whether a descriptor is a TSS that is not in use, or one that is. */
export const isAvailableTss = (m: Machine, raw: Bits<64>): Bits<1> =>
  is(m, typeOf(m, raw), taskType.tss16, taskType.tss32)
const isBusyTss = (m: Machine, raw: Bits<64>): Bits<1> => is(m, typeOf(m, raw), taskType.busyTss16, taskType.busyTss32)

/** What an event brings along: EXT for error codes, and an error code for the new task's stack. */
export interface Cause {
  readonly external: Bits<32>
  readonly hasCode: Bits<8>
  readonly code: Bits<32>
}

/** An instruction's switch pushes nothing and has no EXT. */
export const noCause = (m: Machine): Cause => ({
  external: m.constant(0, 32),
  hasCode: m.constant(0, 8),
  code: m.constant(0, 32),
})

/** JMP, CALL or an event, to the TSS that a task gate names: in the GDT, not in use, present. Source: SDM 3A §6.14.2, §8.2.5. */
export function switchThroughGate(m: Machine, kind: number, gate: Bits<64>, rip: Bits<64>, cause: Cause): void {
  const selector = m.extract(gate, 16, 16)
  const code = selectorCode(m, selector, cause.external)
  m.when(m.bit(selector, 2), () => m.fault('GP', code))
  const { raw } = readDescriptor(m, selector, 'GP', code)
  m.when(m.not(isAvailableTss(m, raw)), () => m.fault('GP', code))
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  m.call(switchTask, m.constant(kind, 8), selector, rip, cause.hasCode, cause.code, cause.external)
}

/** JMP or CALL to a TSS, whose type and level have been checked. */
export function switchDirectly(m: Machine, kind: number, selector: Bits<16>, raw: Bits<64>): void {
  const code = selectorCode(m, selector)
  m.when(m.bit(selector, 2), () => m.fault('GP', code))
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  const { external, hasCode, code: none } = noCause(m)
  m.call(switchTask, m.constant(kind, 8), selector, m.nextRip(), hasCode, none, external)
}

/** IRET with NT: back to the task that the link names, which must be in use. Source: SDM 2A, IRET, Operation, TASK-RETURN. */
export function returnToTask(m: Machine): void {
  const selector = m.loadLinear(m.get('TR.base'), 16, 'processor')
  const code = selectorCode(m, selector)
  m.when(m.bit(selector, 2), () => m.fault('TS', code))
  const { raw } = readDescriptor(m, selector, 'TS', code)
  m.when(m.not(isBusyTss(m, raw)), () => m.fault('TS', code))
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  const { external, hasCode, code: none } = noCause(m)
  m.call(switchTask, m.constant(switchKind.iret, 8), selector, m.nextRip(), hasCode, none, external)
}

/**
 * Switches to the task of a TSS: (kind, selector, where the old task goes on, has an error code, error code, EXT). What
 * faults before the old task is saved is the old task's fault; after that it is the new one's, at its first
 * instruction. Source: SDM 3A §8.3.
 */
const switchTask = procedure(
  'switchTask',
  [8, 16, 64, 8, 32, 32],
  [],
  (m, kind, selector, rip, hasCode, error, external) => {
    const nests = m.not(m.below(kind, m.constant(switchKind.call, 8)))
    const returns = m.equal(kind, m.constant(switchKind.iret, 8))
    const code = selectorCode(m, selector, external)
    const { raw, address } = readDescriptor(m, selector, 'GP', code)
    const [base, limit] = [baseOf(m, raw), limitOf(m, raw)]
    mayExit(m, exitReason.taskSwitch, m.or(m.zeroExtend(selector, 64), taskSwitchSource(m, kind)))
    const [is32, was32] = [m.bit(raw, 43), m.bit(m.get('TR.access'), 3)]
    m.when(m.below(limit, leastLimit(m, is32)), () => m.fault('TS', code))
    const [oldBase, oldCode] = [m.get('TR.base'), selectorCode(m, m.get('TR.selector'), external)]
    m.when(m.below(m.get('TR.limit'), leastLimit(m, was32)), () => m.fault('TS', oldCode))
    const enforced = { nests, returns, oldCode, code, base, limit, is32, rip }
    checkEnforcedTask(m, enforced)
    checkSave(m, oldBase, was32)
    const typeAt = (descriptor: Bits<64>) => m.add(descriptor, m.constant(5, 64))
    m.when(m.not(returns), () => m.checkLinear(typeAt(address), 1, 'write', 'processor'))
    m.when(nests, () => m.checkLinear(base, 2, 'write', 'processor'))
    const oldAddress = m.variable(m.constant(0, 64))
    m.when(m.not(nests), () => {
      oldAddress.set(entryAddress(m, m.get('TR.selector'), 'TS', oldCode))
      m.checkLinear(typeAt(oldAddress.get()), 1, 'write', 'processor')
    })
    const task = readTask(m, base, is32)
    const shadow = prepareEnforcedSwitch(m, enforced, task, flagBit.VM)

    const flags = m.rflags()
    const nested = m.constant(1 << flagBit.NT, 64)
    saveTask(m, oldBase, was32, rip, m.select(returns, m.and(flags, m.not(nested)), flags))
    m.when(
      nests,
      () => m.storeLinear(base, m.get('TR.selector'), 'processor'),
      () => setBusy(m, typeAt(oldAddress.get()), 0),
    )
    m.when(m.not(returns), () => setBusy(m, typeAt(address), 2))
    shadow.leave()
    enterTask(m, task, is32, nests)
    setSystem(m, 'TR', selector, m.or(raw, m.constant(2n << 40n, 64)))
    m.commit()
    loadSegments(m, task, external)
    shadow.enter()
    m.when(m.not(m.isZero(hasCode)), () => pushError(m, error, is32, external))
    m.when(task.trap, () => m.host('debugTrap', m.constant(0x8000, 64)))
    m.jump(m.zeroExtend(task.rip, 64))
    return []
  },
)

/** Bits 31:30 of the exit qualification: CALL, IRET, JMP, task gate in the IDT. Source: SDM 3C §28.2.1, Table 28-2. */
function taskSwitchSource(m: Machine, kind: Bits<8>): Bits<64> {
  const sources = [
    [switchKind.iret, 1n],
    [switchKind.jump, 2n],
    [switchKind.event, 3n],
  ] as const
  const source = sources.reduce(
    (others, [by, value]) => m.select(m.equal(kind, m.constant(by, 8)), m.constant(value << 30n, 64), others),
    m.constant(0, 64),
  )
  return source
}

function setBusy(m: Machine, at: Bits<64>, busy: 0 | 2): void {
  const others = m.and(m.loadLinear(at, 8, 'processor'), m.constant(0xfd, 8))
  m.storeLinear(at, m.or(others, m.constant(busy, 8)), 'processor')
}

/** Everything of the new task but its segments' hidden parts. RIP is set: faults from here on are the new task's. */
function enterTask(m: Machine, task: TaskState, is32: Bits<1>, nests: Bits<1>): void {
  const link = m.select(nests, m.constant(1 << flagBit.NT, 64), m.constant(0, 64))
  const image = m.and(m.zeroExtend(task.flags, 64), m.constant(0x3f_7fd5, 64))
  m.set('CR0', m.or(m.get('CR0'), m.constant(8, 64)))
  // local breakpoints are the old task's
  m.set('DR7', m.and(m.get('DR7'), m.constant(0xffff_ffff_ffff_feaan, 64)))
  m.when(m.and(is32, m.bit(m.get('CR0'), 31)), () => {
    const cr3 = m.zeroExtend(task.cr3, 64)
    // the old task has been saved: what faults in loading the new one may leave it in part. SDM 3A §8.3
    m.commit()
    const after = { cr0: m.get('CR0'), cr3, cr4: m.get('CR4'), efer: m.get('IA32_EFER') }
    m.when(isPaePaging(m, after), () => loadPagePointers(m, cr3))
    m.set('CR3', cr3)
    m.host('addressSpace', cr3)
  })
  m.setRflags(m.or(m.or(image, link), m.constant(2, 64)))
  loadGeneral(m, task)
  m.set('RIP', m.zeroExtend(task.rip, 64))
  setSelectors(m, task.selectors)
  const virtual = m.bit(task.flags, flagBit.VM)
  m.set('CPL', m.select(virtual, m.constant(3, 8), rplOf(m, task.selectors.CS)))
}

function loadSegments(m: Machine, task: TaskState, external: Bits<32>): void {
  loadTaskLdt(m, task.ldt, external)
  m.when(
    m.bit(task.flags, flagBit.VM),
    () => loadVirtualSegments(m, task.selectors),
    () => loadTaskSegments(m, task.selectors, external),
  )
  const past = m.below(m.get('CS.limit'), task.rip)
  m.when(past, () => m.fault('GP', external))
}

/** The event's error code, in a slot of the new TSS's size. */
function pushError(m: Machine, error: Bits<32>, is32: Bits<1>, external: Bits<32>): void {
  const stack = { base: m.get('SS.base'), limit: m.get('SS.limit'), access: m.get('SS.access') }
  const pointer = m.read(gpr('RSP', 32))
  const push = (bytes: 2 | 4) => () => {
    checkRoom(m, stack, pointer, m.constant(bytes, 32), external)
    const slot = slotOn(m, stack, pointer, m.constant(bytes, 32))
    m.storeLinear(slot, m.truncate(error, bytes === 4 ? 32 : 16), 'processor')
    const big = m.bit(m.get('SS.access'), 14)
    const down = m.sub(pointer, m.constant(bytes, 32))
    m.when(
      big,
      () => m.write(gpr('RSP', 32), down),
      () => m.write(gpr('RSP', 16), m.truncate(down, 16)),
    )
  }
  m.when(is32, push(4), push(2))
}
