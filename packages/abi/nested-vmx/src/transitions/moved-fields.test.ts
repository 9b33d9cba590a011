import {
  gprIndex,
  type ProcessorRegisters,
  type StateField,
  type StateMemory,
  type StateMove,
  type StatePlace,
  stateFields,
} from '@vmm/x86-registers'
import { expect, test } from 'vitest'
import { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { vmcsRegionBytes } from '../vmcs12/vmcs12.ts'
import { FixedFields } from './fixed-fields.ts'
import { MovedFields } from './moved-fields.ts'
import { guestControls, guestPagePointers, guestRegisters, guestSecondLevel, hostRegisters } from './registers.rows.ts'

const fields = Object.keys(stateFields) as StateField[]
const fieldBytes = 8
const generalRegisters = 16
const offsets = new Map(fields.map((field, at) => [field, at * fieldBytes]))

const stateBytes = (fields.length + generalRegisters) * fieldBytes

/** Moves in a buffer, by its places. */
function moving(view: DataView, moves: readonly StateMove[]): () => number {
  const at = (place: StatePlace | 'RFLAGS'): StatePlace =>
    place === 'RFLAGS' ? { offset: offsets.get('RFLAGS')!, bytes: 8 } : place
  const valueIn = (from: StateMove['from']): bigint => {
    if (typeof from === 'number') return BigInt(from >>> 0)
    const { offset, bytes } = at(from)
    return Array.from({ length: bytes }, (_, byte) => BigInt(view.getUint8(offset + byte)) << BigInt(8 * byte)).reduce(
      (all, one) => all | one,
    )
  }
  return () => {
    for (const { to, from } of moves) {
      const [value, { offset, bytes }] = [valueIn(from), at(to)]
      for (let byte = 0; byte < bytes; byte += 1)
        view.setUint8(offset + byte, Number((value >> BigInt(8 * byte)) & 0xffn))
    }
    return 1
  }
}

/** Registers that are all in a buffer, with room for a VMCS behind them, and may say so. */
function registers(tells: boolean): ProcessorRegisters & { readonly bytes: Uint8Array } {
  const buffer = new ArrayBuffer(stateBytes + vmcsRegionBytes)
  const view = new DataView(buffer)
  const offset = (field: StateField): number => offsets.get(field)!
  const get = (field: StateField): bigint => BigInt.asUintN(stateFields[field], view.getBigUint64(offset(field), true))
  const set = (field: StateField, value: bigint): void =>
    view.setBigUint64(offset(field), BigInt.asUintN(stateFields[field], value), true)
  const gprOffset = (index: number): number => (fields.length + index) * fieldBytes
  const beside = { offset: stateBytes, bytes: vmcsRegionBytes }
  const compile = (moves: readonly StateMove[]) => moving(view, moves)
  const stateMemory: StateMemory = { ...{ buffer, offset, gprOffset, made: [] }, beside, compile }
  return {
    ...{ get, set, bytes: new Uint8Array(buffer, 0, stateBytes), ...(tells ? { stateMemory } : {}) },
    ...{ word: (field) => Number(get(field) & 0xffff_ffffn), setWord: (field, value) => set(field, BigInt(value)) },
    gpr: (index) => view.getBigUint64(gprOffset(index), true),
    setGpr: (index, value) => view.setBigUint64(gprOffset(index), value, true),
    ...{ rflags: () => get('RFLAGS'), setRflags: (value) => set('RFLAGS', value) },
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
])('%s are moved alike by name and in one memory', (_, rows) => {
  const fieldsMoved = new MovedFields(rows, [['DR7', 0x400]])
  const vmcs = new LiveVmcs12()
  mixed(vmcs.bytes)
  const [named, whole] = [registers(false), registers(true)]
  fieldsMoved.load(vmcs, named)
  vmcs.moveBeside(whole.stateMemory)
  fieldsMoved.load(vmcs, whole)
  expect(whole.bytes).toEqual(named.bytes)
  for (const [field, register] of rows) {
    const moved = register === 'RSP' ? whole.gpr(gprIndex('RSP')) : whole.get(register)
    expect(moved, register).toBe(vmcs.read(field))
  }
  expect(whole.get('DR7')).toBe(0x400n)
  const [byName, held] = [new LiveVmcs12(), rows.map(([field]) => vmcs.read(field))]
  fieldsMoved.save(byName, named)
  vmcs.bytes.fill(0)
  fieldsMoved.save(vmcs, whole)
  expect(vmcs.bytes).toEqual(byName.bytes)
  expect(rows.map(([field]) => vmcs.read(field))).toEqual(held)
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
