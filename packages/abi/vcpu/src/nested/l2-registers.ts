import { isPaePaging, type LiveVmcs12 } from '@vmm/nested-vmx'
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

/** What keeps events off, what the processor is at, and debug traps that wait: from a VMCS. */
export function loadNonRegisters(vmcs: LiveVmcs12, engine: Engine, events: EventState): void {
  const blocked = vmcs.word('GUEST_INTERRUPTIBILITY_INFO')
  const shadowed = (blocked & (blockedBy.sti | blockedBy.movSs)) !== 0
  engine.set('SHADOW', shadowed ? BigInt(engine.retired()) : none)
  engine.setWord('SHADOW_KIND', (blocked & blockedBy.movSs) === 0 ? 0 : 1)
  engine.setWord('NMI_BLOCKED', (blocked & blockedBy.nmi) === 0 ? 0 : 1)
  engine.setWord('PENDING_DEBUG', vmcs.word('GUEST_PENDING_DBG_EXCEPTIONS') & ~enabledBreakpoint)
  clearUnderWay(engine)
  const state = vmcs.word('GUEST_ACTIVITY_STATE')
  events.mpState = state === activity.halted ? 'halted' : state === activity.waitForSipi ? 'init-received' : 'runnable'
}

/** The same into a VMCS. */
export function saveNonRegisters(vmcs: LiveVmcs12, engine: Engine, events: Readonly<EventState>): void {
  const shadow = engine.shadowed ? (engine.word('SHADOW_KIND') === 0 ? blockedBy.sti : blockedBy.movSs) : 0
  const nmi = engine.word('NMI_BLOCKED') === 0 ? 0 : blockedBy.nmi
  vmcs.setWord('GUEST_INTERRUPTIBILITY_INFO', shadow | nmi)
  const pending = engine.word('PENDING_DEBUG')
  vmcs.setWord('GUEST_PENDING_DBG_EXCEPTIONS', (pending & breakpoints) === 0 ? pending : pending | enabledBreakpoint)
  const { mpState, waitsFor } = events
  const halted = mpState === 'halted' && (waitsFor === undefined || waitsFor === 'interrupt')
  const state = halted ? activity.halted : mpState === 'init-received' ? activity.waitForSipi : activity.active
  vmcs.setWord('GUEST_ACTIVITY_STATE', state)
}

/** L1 goes on with nothing in its way. */
export function clearNonRegisters(engine: Engine, events: EventState): void {
  engine.set('SHADOW', none)
  engine.setWord('PENDING_DEBUG', 0)
  clearUnderWay(engine)
  events.mpState = 'runnable'
  events.waitsFor = undefined
  events.unhalted = false
}

/** No instruction is under way, and no line of memory is watched. */
function clearUnderWay(engine: Engine): void {
  engine.setWord('REPEATING', 0)
  engine.setWord('UNSTEPPED', 0)
  engine.set('MONITOR', none)
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
