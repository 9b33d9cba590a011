import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tables } from './all.ts'
import { catalogueFaults, unrecordedFaults } from './catalogue.ts'
import { checksPage, checksText } from './nested-vmx/entry-checks.ts'
import { allPromises, promisesPage, promisesText, recordedEntries } from './promises.ts'
import { faults, record, text } from './schema.ts'
import { filesOf, schemaOf, type Table } from './table.ts'
import { coverage } from './x86-decoder/coverage.ts'
import { coveragePage, coverageText, isForOthers, judgesInItsStead } from './x86-decoder/coverage-page.ts'
import { packedRowFiles } from './x86-opcodes/packed-rows.ts'

const root = new URL('../../../', import.meta.url)
const written = (path: string): string => readFileSync(new URL(path, root), 'utf8')

describe.each(tables)('$folder/data/$name.json', (table: Table) => {
  test('is what `pnpm data` writes today', () => {
    for (const [path, text] of Object.entries(filesOf(table))) expect(written(path)).toBe(text)
  })

  test('is as its schema says', () => {
    const data: unknown = JSON.parse(written(`${table.folder}/data/${table.name}.json`))
    expect(faults(schemaOf(table), data)).toEqual([])
  })
})

test('the page of promises is what `pnpm data` writes today', () => {
  expect(written(promisesPage)).toBe(promisesText())
})

test('the page of what is checked of a VMCS is what `pnpm data` writes today', () => {
  expect(written(checksPage)).toBe(checksText())
})

test.each(Object.entries(packedRowFiles()))('%s is what `pnpm data` writes today', (path, text) => {
  expect(written(path)).toBe(text)
})

test('the page of the decoder tells the coverage that `pnpm data` writes today', () => {
  expect(written(coveragePage)).toBe(coverageText())
})

test('every row is decoded, most of what is advertised was judged by the CPU, and nothing differs from it', () => {
  expect(coverage.filter(({ decoded }) => !decoded)).toEqual([])
  expect(coverage.filter(({ cpu }) => cpu !== undefined && cpu.differ > 0)).toEqual([])
  const judged = coverage.filter(({ advertised, cpu }) => advertised && cpu !== undefined && cpu.states > 0)
  expect(judged.length).toBeGreaterThan(1300)
})

test('every row that is advertised was judged by the CPU, or there is a reason; and where a program is refused, somebody else judged it', () => {
  const advertised = coverage.filter((row) => row.advertised)
  expect(advertised.filter(({ cpu }) => cpu === undefined || (cpu.states === 0 && cpu.reasons.length === 0))).toEqual(
    [],
  )
  expect(advertised.filter(isForOthers).filter((row) => judgesInItsStead(row).length === 0)).toEqual([])
})

test('every entry of the catalogue has an answer recorded from a kernel, or a reason why it has none', () => {
  const promised = new Set(allPromises.map(({ catalogue }) => catalogue))
  expect(unrecordedFaults(promised, recordedEntries())).toEqual([])
  expect(recordedEntries().size).toBeGreaterThanOrEqual(150)
})

test('every entry of the catalogue has a promise, or a reason why it has none', () => {
  const promised = new Set(allPromises.map(({ catalogue }) => catalogue))
  expect(catalogueFaults(promised, new Set(allPromises.map(({ id }) => id)))).toEqual([])
})

describe('a schema', () => {
  const schema = record({ name: text(), 'says?': text() })

  test('finds what is missing, what is too much, and what is of another type', () => {
    expect(faults(schema, { name: 'a' })).toEqual([])
    expect(faults(schema, { says: 1, more: true })).toEqual([': no name', '.says: no string', ': more is not foreseen'])
  })

  test('takes one of several shapes', () => {
    const either = { anyOf: [text(), schema] }
    expect(faults(either, { name: 'a' })).toEqual([])
    expect(faults(either, 3)).not.toEqual([])
    expect(faults({ pattern: '^0x[0-9a-f]+$' }, '0xg')).toHaveLength(1)
    expect(faults({ enum: ['a'] }, 'b')).toHaveLength(1)
    expect(faults({ const: 1 }, 2)).toHaveLength(1)
  })
})
