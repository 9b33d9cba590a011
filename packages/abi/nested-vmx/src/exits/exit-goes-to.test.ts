import { type KernelVersion, profileOf } from '@vmm/rule'
import type { ProcessorRegisters } from '@vmm/x86-registers'
import { describe, expect, test } from 'vitest'
import type { VmxMemory } from '../transitions/processor.ts'
import { pinControls, primaryControls, secondaryControls } from '../vmcs12/controls.ts'
import type { LiveField } from '../vmcs12/live-places.ts'
import { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { type ExitOwner, exitGoesTo, l0WantsExit } from './exit-goes-to.ts'
import { exitNumbers, exitReasonOf } from './exit-reason.ts'
import { exitReasons } from './exit-reasons.rows.ts'
import { exitRouteOf, type L0Facts } from './exit-route.ts'
import { exitRoutes } from './exit-routing.rows.ts'

type Reason = keyof typeof exitReasons

interface Around {
  readonly fields?: { readonly [F in LiveField]?: bigint }
  /** Where the reason is an exception. */
  readonly vector?: number
  readonly errorCode?: number
  readonly byInstruction?: boolean
  readonly l0?: L0Facts
  readonly kernel?: KernelVersion
}

const registers = { gpr: () => 0n, get: () => 0n } as unknown as ProcessorRegisters
const memory = { physical: () => new Uint8Array(64) } as unknown as VmxMemory

function exitOf(reason: Reason, { fields = {}, vector = 0, ...more }: Around) {
  const vmcs = new LiveVmcs12()
  for (const [name, value] of Object.entries(fields)) vmcs.write(name as LiveField, value)
  return { vmcs, registers, memory, reason: exitNumbers[reason], qualification: BigInt(vector), ...more }
}

const goes = (reason: Reason, around: Around = {}): ExitOwner =>
  exitGoesTo(exitOf(reason, around), profileOf(around.kernel ?? '6.12.117'))

/** All that L1 can want. */
const all: Around['fields'] = {
  PIN_BASED_VM_EXEC_CONTROL: 0xffff_ffffn,
  CPU_BASED_VM_EXEC_CONTROL: 0xffff_ffffn & ~primaryControls.USE_MSR_BITMAPS & ~primaryControls.USE_IO_BITMAPS,
  SECONDARY_VM_EXEC_CONTROL: 0xffff_ffffn & ~secondaryControls.VMCS_SHADOWING,
  EXCEPTION_BITMAP: 0xffff_ffffn,
  ENCLS_EXITING_BITMAP: 1n,
}
const wanted = (more: Around = {}): Around => ({ fields: all, ...more })
const exception = (vector: number, l0: L0Facts = {}, kernel: KernelVersion = '6.12.117'): Around =>
  wanted({ vector, l0, kernel })

describe('KVM keeps, whatever L1 wants', () => {
  /** Reason, what it keeps, and what is nearest and L1's; a reason that is never L1's has nothing near. */
  const kept: readonly (readonly [Reason, string, Around, Around?])[] = [
    ['EXCEPTION_NMI', 'an NMI', exception(2), exception(4)],
    ['EXCEPTION_NMI', 'a page fault of its host', exception(14, { asyncPageFault: true }), exception(14)],
    [
      'EXCEPTION_NMI',
      'page faults without EPT',
      exception(14, { withoutEpt: true }),
      exception(13, { withoutEpt: true }),
    ],
    [
      'EXCEPTION_NMI',
      'page faults of guests with fewer address bits',
      exception(14, { smallerAddresses: true }, '5.10.60'),
      exception(14, { smallerAddresses: true }, '5.10.59'),
    ],
    ['EXCEPTION_NMI', 'a step that a debugger asked for', exception(1, { debugsSteps: true }), exception(1)],
    [
      'EXCEPTION_NMI',
      'a split lock',
      exception(17, { splitLock: true }, '5.10.50'),
      exception(17, { splitLock: true }, '5.10.49'),
    ],
    ['EXCEPTION_NMI', 'a virtualization exception', exception(20, {}, '6.10.0'), exception(20, {}, '6.9.12')],
    ['EXTERNAL_INTERRUPT', 'an interrupt', wanted()],
    ['VMCALL', 'a flush for Hyper-V', { l0: { directFlush: true } }, { l0: { directFlush: true }, kernel: '6.1.192' }],
    [
      'MONITOR_TRAP_FLAG',
      'a trap that L1 put in',
      { fields: { VM_ENTRY_INTR_INFO_FIELD: 0x8000_0700n }, kernel: '5.6.13' },
      { fields: { VM_ENTRY_INTR_INFO_FIELD: 0x8000_0700n }, kernel: '5.6.14' },
    ],
    ['MCE_DURING_VMENTRY', 'a machine check', wanted()],
    ['EPT_VIOLATION', 'an EPT violation', wanted()],
    ['EPT_MISCONFIG', 'an EPT misconfiguration', wanted()],
    ['PREEMPTION_TIMER', 'a timer that is over', wanted()],
    ['VMFUNC', 'a VM function', wanted()],
    ['ENCLS', 'ENCLS of a guest without SGX', wanted({ l0: { withoutSgx: true } }), wanted()],
    ['ENCLS', 'ENCLS before it had SGX', wanted({ kernel: '5.12.19' }), wanted({ kernel: '5.13.0' })],
    ['PML_FULL', 'a full log', wanted()],
    ['BUS_LOCK', 'a bus lock', wanted({ kernel: '5.14.10' }), wanted({ kernel: '5.14.9' })],
    ['NOTIFY', 'an instruction that takes too long', wanted({ kernel: '6.0.0' }), wanted({ kernel: '5.19.17' })],
    ['SEAMCALL', 'SEAMCALL', wanted({ kernel: '6.17.9' }), wanted({ kernel: '6.17.8' })],
    ['TDCALL', 'TDCALL', wanted({ kernel: '6.18.0' }), wanted()],
  ]

  const cases = kept.map(([reason, says, its, ofL1]) => ({ reason, says, its, ofL1 }))

  test.each(cases)('$reason: $says', ({ reason, its, ofL1 }) => {
    expect(goes(reason, its)).toBe('L0')
    if (ofL1 !== undefined) expect(goes(reason, ofL1)).toBe('L1')
  })

  test('and each of its wishes is tried', () => {
    const wishes = Object.values(exitRoutes).reduce((count, { l0Wants = [] }) => count + l0Wants.length, 0)
    expect(kept).toHaveLength(wishes)
    expect(
      Object.entries(exitRoutes)
        .filter(([, { l0Wants }]) => l0Wants !== undefined)
        .map(([name]) => name),
    ).toEqual([...new Set(kept.map(([reason]) => reason))])
  })
})

describe('what KVM does not keep', () => {
  const free = (Object.keys(exitRoutes) as Reason[]).filter((reason) => exitRoutes[reason].l0Wants === undefined)

  test.each(free.filter((reason) => exitRoutes[reason].l1Wants !== 'by fields'))(
    '%s is L1’s where L1 wants it',
    (reason) => {
      expect(goes(reason, wanted())).toBe('L1')
      expect(goes(reason)).toBe(exitRoutes[reason].l1Wants === 'always' ? 'L1' : 'L0')
    },
  )

  test('is a page fault that L1’s mask and match let through', () => {
    const fields = { EXCEPTION_BITMAP: 1n << 14n, PAGE_FAULT_ERROR_CODE_MASK: 2n, PAGE_FAULT_ERROR_CODE_MATCH: 2n }
    expect(goes('EXCEPTION_NMI', { fields, vector: 14, errorCode: 2 })).toBe('L1')
    expect(goes('EXCEPTION_NMI', { fields, vector: 14, errorCode: 0 })).toBe('L0')
  })

  test('is a loop of PAUSE that has exited, where loops do', () => {
    const loops = {
      CPU_BASED_VM_EXEC_CONTROL: primaryControls.SECONDARY_CONTROLS,
      SECONDARY_VM_EXEC_CONTROL: secondaryControls.PAUSE_LOOP_EXITING,
    }
    expect(goes('PAUSE_INSTRUCTION', { fields: loops })).toBe('L1')
    expect(goes('PAUSE_INSTRUCTION', { fields: { ...loops, SECONDARY_VM_EXEC_CONTROL: 0n } })).toBe('L0')
  })

  test('is a reason that no manual has', () => {
    const exit = { ...exitOf('HLT', {}), reason: 35 }
    expect(exitRouteOf(35)).toBeUndefined()
    expect(exitGoesTo(exit, profileOf('6.12.117'))).toBe('L1')
  })
})

test('what an instruction raises is L1’s, debugger or not', () => {
  const l0 = { debugsSteps: true }
  expect(goes('EXCEPTION_NMI', wanted({ vector: 1, l0, byInstruction: true }))).toBe('L1')
  expect(goes('EXCEPTION_NMI', wanted({ vector: 1, l0 }))).toBe('L0')
  expect(goes('EXCEPTION_NMI', wanted({ vector: 3, l0, byInstruction: true }))).toBe('L1')
})

test('who owns an exit is not guessed where nobody has read since when', () => {
  const injected: Around = { fields: { VM_ENTRY_INTR_INFO_FIELD: 0x8000_0700n }, kernel: '5.4.302' }
  expect(goes('MONITOR_TRAP_FLAG', injected)).toBe('unknown')
  expect(l0WantsExit(exitOf('MONITOR_TRAP_FLAG', injected), profileOf('5.4.302'))).toBe('unknown')
  // L1 does not want it, so that it is L0's in any case
  expect(goes('MONITOR_TRAP_FLAG', { kernel: '5.4.302' })).toBe('L0')
})

test.each<[string, Reason, (kernel: KernelVersion) => Around, KernelVersion, KernelVersion]>([
  [
    'a split lock in 5.12',
    'EXCEPTION_NMI',
    (kernel) => exception(17, { splitLock: true }, kernel),
    '5.12.16',
    '5.12.17',
  ],
  ['a split lock in 5.13', 'EXCEPTION_NMI', (kernel) => exception(17, { splitLock: true }, kernel), '5.13.1', '5.13.2'],
  [
    'a page fault',
    'EXCEPTION_NMI',
    (kernel) => exception(14, { smallerAddresses: true }, kernel),
    '5.13.11',
    '5.13.12',
  ],
  ['a bus lock', 'BUS_LOCK', (kernel) => wanted({ kernel }), '5.13.19', '5.15.0'],
  ['SEAMCALL', 'SEAMCALL', (kernel) => wanted({ kernel }), '6.16.12', '6.18.0'],
])('%s is L1’s until a repair', (_what, reason, around, before, after) => {
  expect(goes(reason, around(before))).toBe('L1')
  expect(goes(reason, around(after))).toBe('L0')
})

test('an interrupt is never L1’s directly, though L1 has asked for it', () => {
  const fields = { PIN_BASED_VM_EXEC_CONTROL: pinControls.EXTERNAL_INTERRUPT_EXITING }
  expect(goes('EXTERNAL_INTERRUPT', { fields })).toBe('L0')
})

test('every reason that the manual has is routed', () => {
  expect(Object.keys(exitRoutes)).toEqual(Object.keys(exitReasons))
  expect(exitReasonOf(exitNumbers.WRMSRLIST).basic).toBe('WRMSRLIST')
})
