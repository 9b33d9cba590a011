/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { definedMask, overlap } from '@vmm/bits'
import { cite } from '@vmm/source'
import { expect, test } from 'vitest'
import { leaves } from './all.ts'
import { cpuModels } from './cpu-models.rows.ts'
import { dependencies } from './dependencies.rows.ts'
import { featureNamed, featurePlaces, features } from './feature.ts'
import { featureAliases } from './feature-aliases.rows.ts'
import { implementedFeatures } from './implemented.ts'
import { isFeature, type Leaf, outputRegisters } from './leaf.ts'
import { requirementsOf } from './resolve-features.ts'
import { xsaveComponents } from './xsave-components.rows.ts'

const rows: readonly Leaf[] = leaves
const titled = rows.map(
  (row) => [`${row.leaf.toString(16)}H.${JSON.stringify(row.subleaf)} ${row.hypervisor ?? ''}`, row] as const,
)

test.each(titled)('leaf %s names no bit twice, none above 31, and says where it is written', (_, row) => {
  expect(cite(row.source)).not.toBe('')
  for (const register of outputRegisters) {
    const fields = row.outputs[register] ?? {}
    expect(overlap(fields), register).toBeUndefined()
    expect(definedMask(fields) >> 32n, register).toBe(0n)
    for (const field of Object.values(fields)) expect(field.says).not.toBe('')
  }
})

test('no leaf and sub-leaf has two rows', () => {
  const places = rows.map((row) => JSON.stringify([row.leaf, row.subleaf, row.hypervisor]))
  expect(new Set(places).size).toBe(places.length)
})

test('rows are in the order of their numbers', () => {
  const numbers = rows.map((row) => row.leaf)
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
})

test('the list is the directory: every leaf of every rows file is in it', async () => {
  const files = readdirSync(import.meta.dirname).filter((name) => /^leaf-.*\.rows\.ts$/.test(name))
  const exported: unknown[] = []
  for (const file of files) exported.push(...Object.values((await import(`./${file}`)) as Record<string, unknown>))
  expect(new Set(exported)).toEqual(new Set(rows))
})

test('no feature name stands for two bits', () => {
  const names = rows.flatMap((row) =>
    outputRegisters.flatMap((register) =>
      Object.entries(row.outputs[register] ?? {}).flatMap(([name, field]) => (isFeature(field) ? [name] : [])),
    ),
  )
  expect(names.length).toBe(new Set(names).size)
  expect(names).toEqual(features)
  expect(featurePlaces.size).toBe(names.length)
})

test('no alias is another feature, and none stands for two', () => {
  const plain = (name: string) => name.toLowerCase().replaceAll('-', '_')
  const names = new Map(features.map((feature) => [plain(feature), feature]))
  for (const { alias, feature } of featureAliases) {
    expect(names.get(plain(alias)) ?? feature, alias).toBe(feature)
    expect(featureNamed(alias), alias).toBe(feature)
  }
  const aliases = featureAliases.map(({ alias }) => alias)
  expect(new Set(aliases).size).toBe(aliases.length)
})

test('no feature has two rows of requirements, and none requires itself', () => {
  const named = dependencies.map(({ feature }) => feature)
  expect(new Set(named).size).toBe(named.length)
  for (const feature of named) expect(requirementsOf(feature), feature).not.toContain(feature)
})

test('everything implemented has what it needs implemented', () => {
  for (const feature of implementedFeatures)
    for (const needed of requirementsOf(feature))
      expect(implementedFeatures.has(needed), `${feature} needs ${needed}`).toBe(true)
})

test.each(cpuModels.map((model) => [model.name, model] as const))('model %s fits its leaves', (_, model) => {
  expect(model.vendor).toHaveLength(12)
  expect(model.brand.length).toBeLessThanOrEqual(47)
  if (model.features === 'everything') return
  expect(new Set(model.features).size).toBe(model.features.length)
  for (const feature of model.features)
    for (const needed of requirementsOf(feature)) expect(model.features, `${feature} needs ${needed}`).toContain(needed)
})

test('no two XSAVE components share a bit or a byte', () => {
  expect(new Set(xsaveComponents.map(({ bit }) => bit)).size).toBe(xsaveComponents.length)
  const placed = xsaveComponents.filter(({ kind, bit }) => kind === 'user' && bit >= 2)
  for (const [i, component] of placed.entries()) {
    const next = placed[i + 1]
    if (next !== undefined) expect(component.offset + component.size, component.name).toBeLessThanOrEqual(next.offset)
  }
})
