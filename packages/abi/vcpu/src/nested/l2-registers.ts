import { vmcs12Offsets as at, isPaePaging, type LiveVmcs12, type StateCells, stateCells } from '@vmm/nested-vmx'
import type { Engine } from '../engine-port.ts'
import type { EventState } from '../event-state.ts'

/** Guest interruptibility state. Source: SDM 3C 25.4.2, Table 25-3. */
const blockedBy = { sti: 1, movSs: 2, smi: 4, nmi: 8 } as const
/** Guest activity state. Source: SDM 3C 25.4.2. */
const activity = { active: 0, halted: 1, waitForSipi: 3 } as const
/** Pending debug exceptions: some breakpoint was met, and is enabled. */
const enabledBreakpoint = 0x1000
const breakpoints = 15

const none = (1n << 64n) - 1n
/** The lower half of it: no line that is watched begins there, and no run of instructions is so long. */
const nowhere = 0xffff_ffff

/** What keeps events off, what the processor is at, and debug traps that wait: from a VMCS. */
export function loadNonRegisters(vmcs: LiveVmcs12, engine: Engine, events: EventState): void {
  const cells = stateCells(engine)
  const blocked = vmcs.wordAt(at.GUEST_INTERRUPTIBILITY_INFO)
  const shadowed = (blocked & (blockedBy.sti | blockedBy.movSs)) !== 0
  if (shadowed) engine.set('SHADOW', BigInt(engine.retired()))
  else endShadow(engine, cells)
  cells.SHADOW_KIND.word = (blocked & blockedBy.movSs) === 0 ? 0 : 1
  cells.NMI_BLOCKED.word = (blocked & blockedBy.nmi) === 0 ? 0 : 1
  cells.PENDING_DEBUG.word = vmcs.wordAt(at.GUEST_PENDING_DBG_EXCEPTIONS) & ~enabledBreakpoint
  clearUnderWay(engine)
  const state = vmcs.wordAt(at.GUEST_ACTIVITY_STATE)
  events.mpState = state === activity.halted ? 'halted' : state === activity.waitForSipi ? 'init-received' : 'runnable'
}

/** The same into a VMCS. */
export function saveNonRegisters(vmcs: LiveVmcs12, engine: Engine, events: Readonly<EventState>): void {
  const cells = stateCells(engine)
  const shadow = engine.shadowed ? (cells.SHADOW_KIND.word === 0 ? blockedBy.sti : blockedBy.movSs) : 0
  const nmi = cells.NMI_BLOCKED.word === 0 ? 0 : blockedBy.nmi
  vmcs.setWordAt(at.GUEST_INTERRUPTIBILITY_INFO, shadow | nmi)
  const pending = cells.PENDING_DEBUG.word
  vmcs.setWordAt(at.GUEST_PENDING_DBG_EXCEPTIONS, (pending & breakpoints) === 0 ? pending : pending | enabledBreakpoint)
  vmcs.setWordAt(at.GUEST_PENDING_DBG_EXCEPTIONS + 4, 0)
  const { mpState, waitsFor } = events
  const halted = mpState === 'halted' && (waitsFor === undefined || waitsFor === 'interrupt')
  const state = halted ? activity.halted : mpState === 'init-received' ? activity.waitForSipi : activity.active
  vmcs.setWordAt(at.GUEST_ACTIVITY_STATE, state)
}

/** L1 goes on with nothing in its way. */
export function clearNonRegisters(engine: Engine, events: EventState): void {
  const cells = stateCells(engine)
  endShadow(engine, cells)
  cells.PENDING_DEBUG.word = 0
  clearUnderWay(engine)
  wake(events)
}

/** A processor executes instructions, and waits for nothing. */
export function wake(events: EventState): void {
  events.mpState = 'runnable'
  events.waitsFor = undefined
  events.unhalted = false
}

/** Whether nothing of all this is in a processor's way: no shadow, not even one that is over, and no line that is watched. */
export function nothingLasts(engine: Engine, events: Readonly<EventState>): boolean {
  const cells = stateCells(engine)
  return cells.SHADOW.word === nowhere && cells.MONITOR.word === nowhere && events.mpState === 'runnable'
}

/** No instruction casts a shadow. */
function endShadow(engine: Engine, cells: StateCells): void {
  if (cells.SHADOW.word !== nowhere) engine.set('SHADOW', none)
}

/** No instruction is under way, and no line of memory is watched. */
function clearUnderWay(engine: Engine): void {
  const cells = stateCells(engine)
  cells.REPEATING.word = 0
  cells.UNSTEPPED.word = 0
  if (cells.MONITOR.word !== nowhere) engine.set('MONITOR', none)
  engine.takeDebugHits()
}

const pointers = ['PDPTE0', 'PDPTE1', 'PDPTE2', 'PDPTE3'] as const
const reservedInPointer = 0x1e6n
const addresses = 0xf_ffff_ffff_f000n

/** With PAE paging its uppermost entries are in memory at CR3. False where they are not, or one is none. Source: SDM 3A 4.4.1. */
export function loadPointers(engine: Engine): boolean {
  if (!isPaePaging(engine)) return true
  const memory = engine.physical(Number(engine.get('CR3') & 0xffff_ffe0n))
  if (memory === undefined || memory.length < 32) return false
  const view = new DataView(memory.buffer, memory.byteOffset, 32)
  const beyond = addresses & ~engine.get('PHYSICAL_MASK')
  for (const [at, name] of pointers.entries()) {
    const entry = view.getBigUint64(at * 8, true)
    if ((entry & 1n) !== 0n && (entry & (reservedInPointer | beyond)) !== 0n) return false
    engine.set(name, entry)
  }
  return true
}
