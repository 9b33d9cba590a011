import { describe, expect, test } from 'vitest'
import { primaryControls, secondaryControls } from '../vmcs12/controls.ts'
import { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { apicAccessQualification, isApicAccessVirtualized, selfIpiVector } from './apic-accesses.ts'

const { TPR_SHADOW, SECONDARY_CONTROLS } = primaryControls
const { APIC_REGISTERS, VIRTUAL_INTERRUPTS } = secondaryControls

/** The offsets of four bytes that are virtual. */
function virtual(how: 'read' | 'write', secondary: bigint, primary = TPR_SHADOW): readonly number[] {
  const vmcs = new LiveVmcs12()
  vmcs.write('CPU_BASED_VM_EXEC_CONTROL', primary | SECONDARY_CONTROLS)
  vmcs.write('SECONDARY_VM_EXEC_CONTROL', secondary)
  const offsets = Array.from({ length: 1024 }, (_, word) => word * 4)
  return offsets.filter((offset) => isApicAccessVirtualized(vmcs, { how, offset, bytes: 4 }))
}

const every = (first: number, last: number): readonly number[] =>
  Array.from({ length: (last - first) / 16 + 1 }, (_, index) => first + index * 16)

describe('an access to the APIC-access page is virtual', () => {
  test('nowhere without a shadow of the TPR', () => {
    expect(virtual('read', APIC_REGISTERS, 0n)).toEqual([])
  })

  test('at the task priority with one', () => {
    expect([virtual('read', 0n), virtual('write', 0n)]).toEqual([[0x80], [0x80]])
  })

  test('at three registers that are written where interrupts are', () => {
    expect(virtual('read', VIRTUAL_INTERRUPTS)).toEqual([0x80])
    expect(virtual('write', VIRTUAL_INTERRUPTS)).toEqual([0x80, 0xb0, 0x300])
  })

  test('at most registers where they are', () => {
    const both = [0x80, 0xb0, 0xd0, 0xe0, 0xf0]
    const command = [...every(0x300, 0x380), 0x3e0]
    expect(virtual('read', APIC_REGISTERS)).toEqual([0x20, 0x30, ...both, ...every(0x100, 0x280), ...command])
    expect(virtual('write', APIC_REGISTERS)).toEqual([0x20, ...both, 0x280, ...command])
  })

  test.for([
    [0x80, 1, true],
    [0x83, 1, true],
    [0x82, 2, true],
    [0x82, 4, false],
    [0x80, 8, false],
    [0x7e, 4, false],
  ] as const)('within the low four bytes of a register alone: at %i, %i bytes', ([offset, bytes, isVirtual]) => {
    const vmcs = new LiveVmcs12()
    vmcs.write('CPU_BASED_VM_EXEC_CONTROL', TPR_SHADOW | SECONDARY_CONTROLS)
    vmcs.write('SECONDARY_VM_EXEC_CONTROL', APIC_REGISTERS)
    expect(isApicAccessVirtualized(vmcs, { how: 'read', offset, bytes })).toBe(isVirtual)
    expect(isApicAccessVirtualized(vmcs, { how: 'fetch', offset, bytes })).toBe(false)
  })
})

test('an exit tells what was accessed, and how', () => {
  const of = (how: 'read' | 'write' | 'fetch', by: 'instruction' | 'delivery') =>
    apicAccessQualification({ how, offset: 0x123, bytes: 4 }, by)
  expect([of('read', 'instruction'), of('write', 'instruction'), of('fetch', 'instruction')]).toEqual([
    0x123n,
    0x1123n,
    0x2123n,
  ])
  expect([of('read', 'delivery'), of('write', 'delivery')]).toEqual([0x3123n, 0x3123n])
})

test.for([
  ['to itself', 0x4_0041, 0x41],
  ['with a level that is asserted', 0x4_4041, 0x41],
  ['to a logical destination that does not count', 0x4_0841, 0x41],
  ['to one processor', 0x0_0041, undefined],
  ['to all', 0x8_0041, undefined],
  ['to all but itself', 0xc_0041, undefined],
  ['of another delivery mode', 0x4_0141, undefined],
  ['that is on its way', 0x4_1041, undefined],
  ['with a reserved bit', 0x4_2041, undefined],
  ['triggered by a level', 0x4_8041, undefined],
  ['with a reserved bit above', 0x8004_0041, undefined],
  ['of an illegal vector', 0x4_000f, undefined],
] as const)('an interrupt command %s', ([_, command, vector]) => {
  expect(selfIpiVector(command)).toBe(vector)
})
