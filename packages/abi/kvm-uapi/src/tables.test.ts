import { decode, encode, list } from '@vmm/layout'
import { expect, test } from 'vitest'
import {
  constantSets,
  exitNumbered,
  exitReasons,
  ioctlNamed,
  ioctlNumbered,
  ioctls,
  ioctlsOf,
  kvmCpuid2,
  kvmRun,
  kvmVcpuEvents,
  quirks,
  requestNumber,
  requestParts,
  structs,
} from './index.ts'

const repeated = (names: readonly unknown[]) => names.filter((name, at) => names.indexOf(name) !== at)

test('no two calls have one number or one name, nor two structs, exits or quirks', () => {
  expect(repeated(ioctls.map(({ number }) => number))).toEqual([])
  expect(repeated(ioctls.map(({ name }) => name))).toEqual([])
  expect(repeated(structs.map(({ name }) => name))).toEqual([])
  expect(repeated(exitReasons.map(({ number }) => number))).toEqual([])
  expect(repeated(quirks.map(({ bit }) => bit))).toEqual([])
})

test.each(constantSets.filter(({ kind }) => kind === 'bits'))('$prefix: every flag is one bit of its own', (set) => {
  const values = set.constants.map(({ value }) => Number(value))
  expect(values.filter((value) => !Number.isInteger(Math.log2(value)))).toEqual([])
  expect(repeated(values)).toEqual([])
})

test('every exit’s arm is one of kvm_run', () => {
  const arms = Object.keys(kvmRun.field.exit.arm)
  expect(exitReasons.flatMap(({ arm }) => arm ?? []).filter((arm) => !arms.includes(arm))).toEqual([])
})

test('every place of a set of flags is a field of a struct, or names a call', () => {
  const fields = new Set(structs.map(({ name }) => name))
  const places = constantSets.flatMap((set) => set.places)
  const unknown = places.filter((place) => !place.startsWith('KVM_') && !fields.has(place.split('.')[0] ?? ''))
  expect(unknown).toEqual([])
})

test('a request is taken apart into what it was made of', () => {
  expect(requestParts(requestNumber('both', 0xa6, 392))).toEqual({ direction: 'both', type: 0xae, nr: 0xa6, size: 392 })
  expect(() => requestNumber('read', 0x100, 0)).toThrow(RangeError)
  expect(() => requestNumber('read', 0, 1 << 14)).toThrow(RangeError)
})

test('two calls of one nr are told apart by size and direction', () => {
  expect(ioctlNumbered(0xaea2)?.name).toBe('KVM_SET_TSC_KHZ')
  expect(ioctlNumbered(0x4080aea2)?.name).toBe('KVM_SET_DEBUGREGS')
  expect(ioctlNumbered(0x4080aea2 | 0)?.name).toBe('KVM_SET_DEBUGREGS')
  expect(ioctlNumbered(0x1234)).toBeUndefined()
  expect(ioctlNamed('KVM_RUN')?.number).toBe(0xae80)
})

test('every call is understood somewhere, and a device understands three', () => {
  expect(ioctls.filter(({ fds }) => fds.length === 0)).toEqual([])
  expect(ioctlsOf('device').map(({ nr }) => nr)).toEqual([0xe1, 0xe2, 0xe3])
})

test('a number that names no exit is not taken for one', () => {
  expect(exitNumbered(6)?.word).toBe('mmio')
  expect(exitNumbered(999)).toBeUndefined()
})

test('kvm_run is where everybody maps it', () => {
  expect(kvmRun.size).toBe(2352)
  expect(kvmRun.offset).toMatchObject({
    immediate_exit: 1,
    exit_reason: 8,
    cr8: 16,
    exit: 32,
    kvm_valid_regs: 288,
    s: 304,
  })
})

test('a table with entries behind it is read and written', () => {
  const bytes = new Uint8Array(kvmCpuid2.size + 2 * kvmCpuid2.item.entries.size)
  const view = new DataView(bytes.buffer)
  const entries = [1, 2].map((leaf) => ({ function: leaf, index: 0, flags: 0, eax: leaf << 8, ebx: 0, ecx: 0, edx: 0 }))
  kvmCpuid2.write(view, 0, { nent: 2 })
  list(kvmCpuid2.item.entries, 2).write(view, kvmCpuid2.offset.entries, entries)
  expect(decode(kvmCpuid2, bytes)).toEqual({ nent: 2 })
  expect(list(kvmCpuid2.item.entries, 2).read(view, 8)).toEqual(entries)
})

test('events have the payload in the last eight bytes', () => {
  const events = { ...decode(kvmVcpuEvents, new Uint8Array(64)), exception_payload: 0x0102_0304_0506_0708n }
  expect([...encode(kvmVcpuEvents, events).subarray(56)]).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
})
