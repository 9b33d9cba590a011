import type { ProcessorRegisters } from '@vmm/x86-registers'
import { describe, expect, test } from 'vitest'
import { exitNumbers } from '../exits/exit-reason.ts'
import type { L1Wants } from '../exits/exit-route.ts'
import { exitRoutes } from '../exits/exit-routing.rows.ts'
import { pinControls, primaryControls, secondaryControls } from '../vmcs12/controls.ts'
import type { LiveField } from '../vmcs12/live-places.ts'
import { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import type { Vmcs12Values } from '../vmcs12/vmcs12.ts'
import { instructionExits } from './instruction-exits.ts'
import { pausedAt } from './pause-loop.ts'
import type { VmxMemory } from './processor.ts'

type Reason = keyof typeof exitRoutes

type Fields = { readonly [F in LiveField]?: bigint }

interface Around {
  readonly fields?: Fields
  /** When the first PAUSE of a loop was, and the last. */
  readonly loop?: readonly [first: bigint, last: bigint]
  readonly qualification?: bigint
  /** RAX and RCX, RDX is 0. */
  readonly gpr?: bigint
  /** IA32_XSS. */
  readonly xss?: bigint
  /** Bytes of memory that are not 0. */
  readonly memory?: Readonly<Record<number, number>>
}

function leaves(reason: Reason, around: Around): boolean {
  const { fields = {}, qualification = 0n, gpr = 0n, xss = 0n, memory = {} } = around
  const vmcs = new LiveVmcs12()
  for (const [name, value] of Object.entries(fields)) vmcs.write(name as LiveField, value)
  const registers = {
    gpr: (index: number) => (index === 2 ? 0n : gpr),
    get: () => xss,
  } as unknown as ProcessorRegisters
  const physical = (address: number) => Uint8Array.from({ length: 64 }, (_, at) => memory[address + at] ?? 0)
  const guest = { physical } as unknown as VmxMemory
  const loop = around.loop && { first: around.loop[0], last: around.loop[1] }
  return instructionExits({ vmcs, registers, memory: guest, reason: exitNumbers[reason], qualification, loop })
}

const routes = Object.entries(exitRoutes) as readonly (readonly [Reason, NonNullable<(typeof exitRoutes)[Reason]>])[]
const everyControl = {
  PIN_BASED_VM_EXEC_CONTROL: 0xffff_ffffn,
  CPU_BASED_VM_EXEC_CONTROL: 0xffff_ffffn,
  SECONDARY_VM_EXEC_CONTROL: 0xffff_ffffn,
}

function controlOf(route: Extract<L1Wants, { l1Wants: 'with' }>): readonly [keyof typeof everyControl, bigint] {
  if ('pin' in route) return ['PIN_BASED_VM_EXEC_CONTROL', pinControls[route.pin]]
  if ('primary' in route) return ['CPU_BASED_VM_EXEC_CONTROL', primaryControls[route.primary]]
  return ['SECONDARY_VM_EXEC_CONTROL', secondaryControls[route.secondary]]
}

const none = (mask: bigint): bigint => 0xffff_ffffn & ~mask

describe('what a control decides leaves with it, and with every other one does not', () => {
  for (const [reason, route] of routes) {
    if (route.l1Wants !== 'with') continue
    test(reason, () => {
      const [name, bit] = controlOf(route)
      const activated = { CPU_BASED_VM_EXEC_CONTROL: primaryControls.SECONDARY_CONTROLS }
      expect(leaves(reason, { fields: { ...activated, [name]: bit } })).toBe(true)
      expect(leaves(reason, { fields: { ...everyControl, [name]: none(bit) } })).toBe(false)
    })
  }
})

test('secondary controls do not count where the primary ones do not say so', () => {
  const fields = { SECONDARY_VM_EXEC_CONTROL: secondaryControls.WBINVD_EXITING }
  expect(leaves('WBINVD', { fields })).toBe(false)
})

test('what nobody is asked about leaves with no control set', () => {
  const asked = routes.filter(([, { l1Wants }]) => l1Wants === 'always')
  expect(asked.filter(([reason]) => !leaves(reason, {}))).toEqual([])
})

const primary = (name: keyof typeof primaryControls, more: Vmcs12Values = {}): Vmcs12Values => ({
  CPU_BASED_VM_EXEC_CONTROL: primaryControls[name],
  ...more,
})
const shadowing: Vmcs12Values = {
  CPU_BASED_VM_EXEC_CONTROL: primaryControls.SECONDARY_CONTROLS,
  SECONDARY_VM_EXEC_CONTROL: secondaryControls.VMCS_SHADOWING,
  VMREAD_BITMAP: 0x1000n,
  VMWRITE_BITMAP: 0x2000n,
}
const withSecondary: Vmcs12Values = { CPU_BASED_VM_EXEC_CONTROL: primaryControls.SECONDARY_CONTROLS }
const enclaves: Vmcs12Values = { ...withSecondary, SECONDARY_VM_EXEC_CONTROL: secondaryControls.ENCLS_EXITING }
const waits: Vmcs12Values = {
  CPU_BASED_VM_EXEC_CONTROL: primaryControls.SECONDARY_CONTROLS | primaryControls.RDTSC_EXITING,
  SECONDARY_VM_EXEC_CONTROL: secondaryControls.USER_WAIT_PAUSE,
}
const ports = primary('USE_IO_BITMAPS', { IO_BITMAP_A: 0x1000n, IO_BITMAP_B: 0x2000n })
const msrs = primary('USE_MSR_BITMAPS', { MSR_BITMAP: 0x1000n })
/** One byte at port 80H, and two at FFFFH. */
const [postCode, last] = [0x80_0000n, 0xffff_0001n]

/** Reason, what leaves, and what is nearest to it and does not. */
const byFields: readonly (readonly [Reason, string, Around, Around])[] = [
  [
    'PAUSE_INSTRUCTION',
    'PAUSE, where every one does',
    { fields: primary('PAUSE_EXITING') },
    { fields: primary('HLT_EXITING') },
  ],
  [
    'PAUSE_INSTRUCTION',
    'a loop of PAUSE that takes longer than its window',
    { fields: { PLE_WINDOW: 100n }, loop: [5n, 106n] },
    { fields: { PLE_WINDOW: 100n }, loop: [5n, 105n] },
  ],
  [
    'EXCEPTION_NMI',
    'a vector in the exception bitmap',
    { fields: { EXCEPTION_BITMAP: 8n }, qualification: 3n },
    { fields: { EXCEPTION_BITMAP: 8n }, qualification: 4n },
  ],
  [
    'CR_ACCESS',
    'loads of CR3',
    { fields: primary('CR3_LOAD_EXITING'), qualification: 3n },
    { fields: primary('CR3_STORE_EXITING'), qualification: 3n },
  ],
  [
    'CR_ACCESS',
    'stores of CR3',
    { fields: primary('CR3_STORE_EXITING'), qualification: 0x13n },
    { fields: primary('CR3_LOAD_EXITING'), qualification: 0x13n },
  ],
  [
    'CR_ACCESS',
    'loads of CR8',
    { fields: primary('CR8_LOAD_EXITING'), qualification: 8n },
    { fields: primary('CR8_STORE_EXITING'), qualification: 8n },
  ],
  [
    'CR_ACCESS',
    'stores of CR8',
    { fields: primary('CR8_STORE_EXITING'), qualification: 0x18n },
    { fields: primary('CR8_LOAD_EXITING'), qualification: 0x18n },
  ],
  [
    'IO_INSTRUCTION',
    'every port',
    { fields: primary('UNCONDITIONAL_IO_EXITING'), qualification: postCode },
    { qualification: postCode },
  ],
  [
    'IO_INSTRUCTION',
    'a port in its bitmap',
    { fields: ports, qualification: postCode, memory: { 4112: 1 } },
    { fields: ports, qualification: postCode, memory: { 4112: 2 } },
  ],
  [
    'IO_INSTRUCTION',
    'ports past the last',
    { fields: ports, qualification: last },
    { fields: ports, qualification: 0xffff_0000n },
  ],
  ['MSR_READ', 'all of them', {}, { fields: msrs }],
  [
    'MSR_READ',
    'one in the bitmap of low ones',
    { fields: msrs, gpr: 0x10n, memory: { 4098: 1 } },
    { fields: msrs, gpr: 0x11n, memory: { 4098: 1 } },
  ],
  [
    'MSR_WRITE',
    'one in the bitmap of high ones',
    { fields: msrs, gpr: 0xc000_0080n, memory: { 7184: 1 } },
    { fields: msrs, gpr: 0xc000_0080n, memory: { 5136: 1 } },
  ],
  [
    'VMREAD',
    'a field in its bitmap',
    { fields: shadowing, qualification: 0n, memory: { 4096: 1 } },
    { fields: shadowing, memory: { 8192: 1 } },
  ],
  [
    'VMWRITE',
    'a field in its bitmap',
    { fields: shadowing, qualification: 0n, memory: { 8192: 1 } },
    { fields: shadowing, memory: { 4096: 1 } },
  ],
  [
    'XSAVES',
    'a component in the bitmap',
    { fields: { XSS_EXIT_BITMAP: 0x100n }, gpr: 0x100n, xss: 0x100n },
    { fields: { XSS_EXIT_BITMAP: 0x100n }, gpr: 0x100n },
  ],
  [
    'MONITOR_TRAP_FLAG',
    'a trap behind each instruction',
    { fields: primary('MONITOR_TRAP_FLAG') },
    { fields: primary('MOV_DR_EXITING') },
  ],
  [
    'MONITOR_TRAP_FLAG',
    'a trap that the entry has put in',
    { fields: { VM_ENTRY_INTR_INFO_FIELD: 0x8000_0700n } },
    { fields: { VM_ENTRY_INTR_INFO_FIELD: 0x700n } },
  ],
  [
    'ENCLS',
    'a leaf in its bitmap',
    { fields: { ...enclaves, ENCLS_EXITING_BITMAP: 4n }, gpr: 2n },
    { fields: { ...enclaves, ENCLS_EXITING_BITMAP: 4n }, gpr: 3n },
  ],
  [
    'ENCLS',
    'a leaf that the bitmap has no bit of its own for',
    { fields: { ...enclaves, ENCLS_EXITING_BITMAP: 1n << 63n }, gpr: 64n },
    { fields: { ENCLS_EXITING_BITMAP: 1n << 63n }, gpr: 64n },
  ],
  ['UMWAIT', 'where reads of the time do', { fields: waits }, { fields: { ...waits, SECONDARY_VM_EXEC_CONTROL: 0n } }],
  ['TPAUSE', 'where reads of the time do', { fields: waits }, { fields: { ...waits, ...withSecondary } }],
  [
    'XRSTORS',
    'a component in the bitmap',
    { fields: { XSS_EXIT_BITMAP: 0x100n }, gpr: 0x100n, xss: 0x100n },
    { fields: { XSS_EXIT_BITMAP: 0x200n }, gpr: 0x100n, xss: 0x100n },
  ],
]

test.each(byFields)('%s: %s, and not what is nearest', (reason, _, left, stays) => {
  expect(leaves(reason, left)).toBe(true)
  expect(leaves(reason, stays)).toBe(false)
})

test('every reason that fields decide is tried', () => {
  const decided = routes.filter(([, { l1Wants }]) => l1Wants === 'by fields').map(([reason]) => reason)
  expect(decided.filter((reason) => !byFields.some(([tried]) => tried === reason))).toEqual([])
})

test('a PAUSE goes on with a loop until the gap is over', () => {
  const vmcs = new LiveVmcs12()
  vmcs.setWord('PLE_GAP', 10)
  const first = pausedAt(50n, undefined, vmcs)
  const second = pausedAt(60n, first, vmcs)
  expect([first, second, pausedAt(71n, second, vmcs)]).toEqual([
    { first: 50n, last: 50n },
    { first: 50n, last: 60n },
    { first: 71n, last: 71n },
  ])
})
