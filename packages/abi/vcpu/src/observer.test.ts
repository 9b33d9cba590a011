import { LiveVmcs12 } from '@vmm/nested-vmx'
import { expect, test } from 'vitest'
import type { Engine, EnginePorts } from './engine-port.ts'
import { Observer } from './observer.ts'
import type { ExitLevels, ExitReason, GuestLevel, TraceEvent } from './trace.ts'

function watched({ due = false, level = 'L1' }: { readonly due?: boolean; readonly level?: GuestLevel } = {}) {
  const events: TraceEvent[] = []
  const exits: ExitReason[] = []
  const levels: ExitLevels[] = []
  const engine = { executing: () => ({ rip: 0x100n, next: 0x102n }), get: () => 0x5000n } as unknown as Engine
  const observer = new Observer(
    {
      trace: (event) => events.push(event),
      onExit: (reason, _, between) => {
        exits.push(reason)
        levels.push(between)
      },
    },
    { engine: () => engine, level: () => level, interruptDue: () => due, replaying: () => false },
  )
  const ports = observer.ports({
    portIn: () => 0x42,
    portOut: () => true,
    readMsr: () => ({ kind: 'fault', vector: 13, errorCode: 0 }),
    vmx: (name: string) => ({ kind: name === 'VMLAUNCH' ? 'entered' : 'succeeded', value: 0n }),
  } as unknown as EnginePorts)
  return { observer, ports, events, exits, levels, kinds: () => events.map(({ kind }) => kind) }
}

test('a port access is an exit where it is, and an entry behind it', () => {
  const { observer, ports, events, exits } = watched()
  observer.enter(0x80n)
  expect(ports.portIn(0x3fd, 1, 1)).toBe(0x42)
  expect(events).toEqual([
    { kind: 'kvm_entry', level: 'L1', rip: 0x80n },
    {
      kind: 'kvm_exit',
      level: 'L1',
      reason: 'IO_INSTRUCTION',
      rip: 0x100n,
      info: 0x3fd_0008n,
      interruption: 0,
      errorCode: 0,
    },
    { kind: 'kvm_pio', write: false, port: 0x3fd, size: 1, value: 0x42 },
    { kind: 'kvm_entry', level: 'L1', rip: 0x102n },
  ])
  expect(exits).toEqual(['IO_INSTRUCTION'])
})

test('an interrupt that a port access raised goes in before the next entry', () => {
  const { observer, ports, kinds } = watched({ due: true })
  observer.enter(0x80n)
  ports.portOut(0x3f8, 1, 0, 'OUT')
  observer.interrupt(0x30, 0x102n)
  expect(kinds()).toEqual(['kvm_entry', 'kvm_exit', 'kvm_pio', 'kvm_inj_virq', 'kvm_entry'])
})

test('an MSR that is refused is one exit with #GP, not two', () => {
  const { observer, ports, kinds, exits } = watched()
  observer.enter(0x80n)
  ports.readMsr(0x1234)
  observer.exception(13, 0, 0x100n)
  expect(kinds()).toEqual(['kvm_entry', 'kvm_exit', 'kvm_msr', 'kvm_inj_exception', 'kvm_entry'])
  expect(exits).toEqual(['MSR_READ'])
})

test('a page fault is an exit with its address, vector and error code', () => {
  const { observer, events } = watched()
  observer.enter(0x80n)
  observer.exception(14, 2, 0x90n)
  expect(events[1]).toEqual({
    kind: 'kvm_exit',
    level: 'L1',
    reason: 'EXCEPTION_NMI',
    rip: 0x90n,
    info: 0x5000n,
    interruption: 0x8000_0b0e,
    errorCode: 2,
  })
})

test('who waits for an interrupt window leaves when it opens', () => {
  const { observer, exits } = watched()
  observer.enter(0x80n)
  observer.interrupt(0x30, 0x90n)
  observer.interrupt(0x31, 0x90n)
  expect(exits).toEqual(['INTERRUPT_WINDOW', 'INTERRUPT_WINDOW'])
})

test('what KVM answers L2 itself is an exit from L2 to L0, and what L1 is told of one to L1', () => {
  const { observer, ports, events, levels } = watched({ level: 'L2' })
  observer.enter(0x80n)
  ports.portIn(0x3fd, 1, 1)
  const told = new LiveVmcs12()
  told.setWord('VM_EXIT_REASON', 10)
  observer.left(told, 0x104n)
  expect(events).toMatchObject([
    { kind: 'kvm_entry', level: 'L2' },
    { kind: 'kvm_exit', level: 'L2' },
    { kind: 'kvm_pio' },
    { kind: 'kvm_entry', level: 'L2' },
    { kind: 'kvm_nested_vmexit_inject', reason: 'CPUID' },
  ])
  expect(levels).toEqual(['L2 to L0', 'L2 to L1'])
})

test('instructions of VMX are exits, but for those that a shadow of the VMCS answers; L2 is entered behind them', () => {
  const { observer, ports, kinds, exits } = watched()
  observer.enter(0x80n)
  for (const name of ['VMXON', 'VMREAD', 'VMWRITE', 'VMLAUNCH'] as const) ports.vmx(name, 0n, 0n, 0n)
  expect(exits).toEqual(['VMON', 'VMLAUNCH'])
  expect(kinds()).toEqual(['kvm_entry', 'kvm_exit', 'kvm_entry', 'kvm_exit'])
})
