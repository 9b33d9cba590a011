/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { capabilities, constantSets, exitReasons, fieldPaths, ioctls, quirks, structs } from './index.ts'

/** What a C compiler said of a kernel's headers; `pnpm judge headers` records it. */
interface HeaderAnswers {
  readonly declared: readonly string[]
  readonly size: Readonly<Record<string, number>>
  readonly offset: Readonly<Record<string, number>>
  readonly width: Readonly<Record<string, number>>
  readonly value: Readonly<Record<string, string>>
}

const recorded = (release: string): HeaderAnswers =>
  JSON.parse(readFileSync(new URL(`../cases/headers-${release}.json`, import.meta.url), 'utf8'))
const newest = recorded('6.12')
const older = recorded('6.1')

const laterArms = exitReasons
  .filter(({ source }) => 'release' in source && source.release === '7.0')
  .map(({ arm }) => arm)
const isLater = (name: string, path: string) => name === 'kvm_run' && laterArms.includes(path.split('.')[0])

describe('a C compiler agrees, with the headers of 6.12', () => {
  const known = structs.filter(({ readIn }) => readIn === '6.12')

  test.each(known)('on the size of $name, and on the place and width of its fields', ({ name, size, fields }) => {
    const paths = fieldPaths(fields).filter(({ path }) => !isLater(name, path))
    const ours = paths.map(({ path, offset, field }) => [path, offset, widthOf(field)])
    const theirs = paths.map(({ path }) => [path, newest.offset[`${name}.${path}`], newest.width[`${name}.${path}`]])
    expect([size, ours]).toEqual([newest.size[name], theirs])
  })

  test('on every number: calls, exits, quirks, flags', () => {
    const ours = numbersReadIn('6.12')
    expect(ours.length).toBeGreaterThan(580)
    expect(ours.map(([name]) => [name, newest.value[name]])).toEqual(ours)
  })
})

test('an older header agrees where it has the name, and it has most', () => {
  const fields = structs.flatMap(({ name, fields }) =>
    fieldPaths(fields).map(({ path, offset }) => [`${name}.${path}`, offset] as const),
  )
  const common = fields.filter(([name]) => name in older.offset)
  expect(common.length).toBeGreaterThan(550)
  expect(common.map(([name]) => [name, older.offset[name]])).toEqual(common)
  const numbers = numbersReadIn('6.12').filter(([name]) => name in older.value)
  expect(numbers.length).toBeGreaterThan(500)
  expect(numbers.map(([name]) => [name, older.value[name]])).toEqual(numbers)
})

describe('nothing that the headers of 6.12 have for x86 is missing here', () => {
  const elsewhere =
    /_(S390|PPC|ARM|ARM64|MIPS|RISCV|LOONGARCH|IA64|FSL|XICS|XIVE|FLIC)(_|$)|^KVM_(REG_GENERIC|DIRTY_TLB)$/
  const derived =
    /_(VALID|VALID_FIELDS|VALID_EXITS|VALID_FLAG)(_MASK)?$|_(MAX|SHIFT|MASK)$|_RANGE_VALID_MASK$|^KVM_DEV_VFIO_GROUP/

  test('no struct', () => {
    const ours = structs.map(({ name }) => name)
    const missing = newest.declared.filter((name) => !ours.includes(name))
    expect(missing).toEqual(['kvm_arm_device_addr', 'kvm_config_tlb', 'kvm_dirty_tlb'])
  })

  test('and no constant, but for masks of what is here, and other architectures’', () => {
    const ours = new Set(numbersReadIn('any').map(([name]) => name))
    const missing = Object.keys(newest.value).filter(
      (name) => !ours.has(name) && !elsewhere.test(name) && !derived.test(name),
    )
    expect(missing).toEqual([])
  })
})

function widthOf(field: ReturnType<typeof fieldPaths>[number]['field']): number {
  if (field.role !== 'flexible') return field.size
  const { shape } = field
  if (shape.kind === 'struct') return structs.find(({ name }) => name === shape.name)?.size ?? Number.NaN
  return shape.kind === 'scalar' ? Number(shape.type.slice(1)) / 8 : Number.NaN
}

/** Names with their values as the recording has them: 64 bits, unsigned, in decimal. */
function numbersReadIn(release: '6.12' | 'any'): readonly (readonly [string, string])[] {
  const rows = [
    ...ioctls.map(({ name, number, source }) => ({ name, value: number, source })),
    ...exitReasons.map(({ name, number, source }) => ({ name, value: number, source })),
    ...capabilities.map(({ name, number, source }) => ({ name, value: number, source })),
    ...quirks.map(({ name, bit, source }) => ({ name, value: 1 << bit, source })),
    ...constantSets.flatMap(({ constants, source }) => constants.map((row) => ({ ...row, source }))),
  ]
  const read = rows.filter(({ source }) => release === 'any' || !('release' in source) || source.release === release)
  return read.map(({ name, value }) => [name, BigInt(value).toString()])
}
