/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { definedMask, overlap } from '@vmm/bits'
import { cite } from '@vmm/source'
import { expect, test } from 'vitest'
import { msrAt, msrs } from './all.ts'
import { firmwareValues } from './firmware-values.ts'
import type { Msr } from './msr.ts'

const titled = msrs.map((msr) => [`${msr.name} (0x${msr.index.toString(16)})`, msr] as const)
const mask64 = (1n << 64n) - 1n

test.each(titled)('%s names no bit twice, resets to bits it has, and says where it is written', (_, msr) => {
  expect(cite(msr.source)).not.toBe('')
  expect(msr.last).toBeGreaterThanOrEqual(msr.index)
  const defined = msr.fields === 'any' ? mask64 : definedMask(msr.fields)
  if (msr.fields !== 'any') expect(overlap(msr.fields)).toBeUndefined()
  expect(defined & ~mask64).toBe(0n)
  expect(msr.reset & ~defined).toBe(0n)
  for (const rule of msr.rules) {
    expect(rule.says).not.toBe('')
    expect(cite(rule.source)).not.toBe('')
  }
})

test.each(titled)('%s keeps a constant only where nothing else could be kept', (_, msr) => {
  if (msr.kept !== 'nothing') return
  const forgets = ['read-only', 'constant'].includes(msr.access) || msr.keeps !== undefined || msr.rules.length > 0
  expect(forgets, 'a write would be stored nowhere').toBe(true)
  expect(msr.reset).toBe(0n)
})

test('no index has two names, and no name two indexes', () => {
  const indexes = msrs.flatMap(({ index, last }) => Array.from({ length: last - index + 1 }, (_, i) => index + i))
  expect(new Set(indexes).size).toBe(indexes.length)
  expect(new Set(msrs.map(({ name }) => name)).size).toBe(msrs.length)
  for (const index of indexes) expect(msrAt(index)).toBeDefined()
})

test('the list is the directory: every register of every rows file is in it', async () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.rows.ts'))
  const exported: Msr[] = []
  for (const file of files)
    for (const value of Object.values((await import(`./${file}`)) as Record<string, unknown>))
      if (Array.isArray(value)) exported.push(...(value as Msr[]))
  expect(new Set(exported)).toEqual(new Set(msrs))
})

test.each(
  readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.rows.ts'))
    .map((name) => [name] as const),
)('%s is in the order of its indexes', async (file) => {
  for (const value of Object.values((await import(`./${file}`)) as Record<string, unknown>)) {
    if (!Array.isArray(value)) continue
    const indexes = (value as Msr[]).map(({ index }) => index)
    expect(indexes).toEqual(indexes.toSorted((a, b) => a - b))
  }
})

test('what firmware leaves is in registers that keep it', () => {
  for (const index of firmwareValues.keys()) expect(msrAt(index)?.kept).toBe('plain')
})
