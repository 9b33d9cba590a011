/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  auditBehaviour,
  auditPipeline,
  auditRule,
  type Behaviour,
  type Pipeline,
  promiseOf,
  type Rule,
} from '@vmm/rule'
import { cite } from '@vmm/source'
import { describe, expect, test } from 'vitest'
import { msrPromises } from './promises.ts'

const here = join(import.meta.dirname, 'rules')
const files = readdirSync(here, { recursive: true }).map(String)
const promised = (await Promise.all(
  files
    .filter((path) => path.endsWith('.rule.ts'))
    .sort()
    .map(async (path) => [path, Object.values((await import(join(here, path))) as object)] as const),
)) as readonly (readonly [string, readonly unknown[]])[]

const rules = promised
  .filter(([, [value]]) => isRule(value))
  .map(([path, [value]]) => [path, value as Rule<unknown, string>] as const)
const behaviours = promised
  .filter(([, [value]]) => !isRule(value))
  .map(([path, [value]]) => [path, value as Behaviour<unknown, unknown>] as const)
const indexes = files.filter((path) => path.endsWith('/index.ts')).sort()
const pipelines: (readonly [string, Pipeline<unknown, string>])[] = []
const listed = new Set<string>()
for (const path of indexes)
  for (const value of Object.values((await import(join(here, path))) as Record<string, unknown>)) {
    if (Array.isArray(value)) for (const item of value as readonly { id: string }[]) listed.add(item.id)
    else if (typeof value === 'object' && value !== null && 'steps' in value) {
      const pipeline = value as Pipeline<unknown, string>
      pipelines.push([`${path} ${pipeline.call}`, pipeline])
      for (const step of pipeline.steps) listed.add(promiseOf(step).id)
    }
  }

const promises = [...rules, ...behaviours]

test.each(rules)('%s is held to its witnesses and its lifetime', (path, rule) => {
  expect(auditRule(rule)).toEqual([])
  expect(path.endsWith(`${rule.id}.rule.ts`), `a file is named after its rule: ${rule.id}`).toBe(true)
})

test.each(behaviours)('%s has one version in every release, and each does what its witness says', (path, row) => {
  expect(auditBehaviour(row)).toEqual([])
  expect(path.endsWith(`${row.id}.rule.ts`), `a file is named after its behaviour: ${row.id}`).toBe(true)
})

test.each(pipelines)('%s lets each of its rules speak', (_, pipeline) => {
  expect(auditPipeline(pipeline)).toEqual([])
})

test('no two promises have one id', () => {
  const ids = promises.map(([, { id }]) => id)
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
})

test.each(promises)('%s stands in a call or a list, and cites what can be found', (_, promise) => {
  expect(listed.has(promise.id)).toBe(true)
  expect(msrPromises.some(({ id }) => id === promise.id)).toBe(true)
  for (const source of promise.sources) expect(cite(source)).not.toBe('')
})

describe('the catalogue of MSRs', () => {
  test('has its entries told by promises', () => {
    const told = new Set(promises.map(([, { catalogue }]) => catalogue))
    for (const id of [
      'msr-index-list',
      'msr-bulk-limits',
      'msr-bulk-partial',
      'feature-msr-immutable',
      'msr-filter-set',
      'mce-inject',
    ])
      expect(told).toContain(id)
  })
})

test('one file is one promise', () => {
  expect(promised.filter(([, values]) => values.length !== 1).map(([path]) => path)).toEqual([])
})

function isRule(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'refuses' in value
}
