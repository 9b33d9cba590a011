import { gprIndex, type ProcessorRegisters, type StateField, type StateMemory, stateFields } from '@vmm/x86-registers'
import { expect, test } from 'vitest'
import { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { FixedFields } from './fixed-fields.ts'
import { MovedFields } from './moved-fields.ts'
import { guestControls, guestPagePointers, guestRegisters, guestSecondLevel, hostRegisters } from './registers.rows.ts'

const fields = Object.keys(stateFields) as StateField[]
const fieldBytes = 8
const generalRegisters = 16
const offsets = new Map(fields.map((field, at) => [field, at * fieldBytes]))

/** Registers that are all in a buffer, and may say so. */
function registers(tells: boolean): ProcessorRegisters & { readonly bytes: Uint8Array } {
  const buffer = new ArrayBuffer((fields.length + generalRegisters) * fieldBytes)
  const view = new DataView(buffer)
  const offset = (field: StateField): number => offsets.get(field)!
  const get = (field: StateField): bigint => BigInt.asUintN(stateFields[field], view.getBigUint64(offset(field), true))
  const set = (field: StateField, value: bigint): void =>
    view.setBigUint64(offset(field), BigInt.asUintN(stateFields[field], value), true)
  const gprOffset = (index: number): number => (fields.length + index) * fieldBytes
  const stateMemory: StateMemory = { buffer, offset, gprOffset, made: [] }
  return {
    ...{ get, set, bytes: new Uint8Array(buffer), ...(tells ? { stateMemory } : {}) },
    ...{ word: (field) => Number(get(field) & 0xffff_ffffn), setWord: (field, value) => set(field, BigInt(value)) },
    gpr: (index) => view.getBigUint64(gprOffset(index), true),
    setGpr: (index, value) => view.setBigUint64(gprOffset(index), value, true),
    ...{ rflags: () => 2n, setRflags: () => {} },
  }
}

/** Bytes that are each their own. */
const mixed = (bytes: Uint8Array): void => bytes.set(bytes.map((_, at) => at * 37 + (at >> 8) * 11 + 5))

test.each([
  ['registers of a guest', guestRegisters],
  ['page pointers', guestPagePointers],
  ['controls', guestControls],
  ['second-level paging', guestSecondLevel],
  ['registers of a host', hostRegisters],
])('%s are moved alike by name and between two memories', (_, rows) => {
  const fieldsMoved = new MovedFields(rows)
  const vmcs = new LiveVmcs12()
  mixed(vmcs.bytes)
  const [named, whole] = [registers(false), registers(true)]
  for (const to of [named, whole]) fieldsMoved.load(vmcs, to)
  expect(whole.bytes).toEqual(named.bytes)
  for (const [field, register] of rows) {
    const moved = register === 'RSP' ? whole.gpr(gprIndex('RSP')) : whole.get(register)
    expect(moved, register).toBe(vmcs.read(field))
  }
  const [byName, byWord] = [new LiveVmcs12(), new LiveVmcs12()]
  fieldsMoved.save(byName, named)
  fieldsMoved.save(byWord, whole)
  expect(byWord.bytes).toEqual(byName.bytes)
  for (const [field] of rows) expect(byWord.read(field), field).toBe(vmcs.read(field))
})

test('fields become fixed values alike by name and in memory, and none beside them', () => {
  const fixed = new FixedFields([
    ['CS.limit', 0xffff_ffff],
    ['DR7', 0x400],
    ['LDTR.selector', 0],
    ['TR.selector', 0xfff8],
    ['CPL', 3],
    ['EPTP', 0],
  ])
  const [named, whole] = [registers(false), registers(true)]
  for (const to of [named, whole]) {
    for (const field of fields) to.set(field, 0x8123_4567_89ab_cdefn)
    fixed.set(to)
  }
  expect(whole.bytes).toEqual(named.bytes)
  expect([whole.get('CS.limit'), whole.get('DR7'), whole.get('CPL')]).toEqual([0xffff_ffffn, 0x400n, 3n])
})
