/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { auditPipeline, type Entry, type Pipeline } from '@vmm/rule'
import { cite } from '@vmm/source'
import { describe, expect, test } from 'vitest'
import { vcpuPromises } from './promises.ts'
import * as pipelines from './rules/pipelines.ts'

const titled = vcpuPromises.map((entry) => [`${entry.call} ${entry.id}`, entry] as const)

describe.each(titled)('%s', (_, entry: Entry) => {
  test('holds to its witnesses, and has its place in every release that its lifetime speaks of', () => {
    expect(entry.audit()).toEqual([])
  })

  test('says where it is written', () => {
    expect(entry.sources.map(cite).join()).not.toMatch(/undefined/)
  })
})

test.each(Object.entries(pipelines))('no rule of %s is hidden behind another', (_, pipeline) => {
  expect(auditPipeline(pipeline as Pipeline<unknown>)).toEqual([])
})

test('the list is the directory: every promise of every rule file is in it', async () => {
  const folder = join(import.meta.dirname, 'rules')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rule.ts'))
  const listed = new Set(vcpuPromises.map(({ id }) => id))
  for (const file of files) {
    const promises = Object.values((await import(join(folder, file))) as Record<string, { id: string }>)
    const ids = promises.map(({ id }) => id)
    expect(ids, file).toEqual([/([^/]+)\.rule\.ts$/.exec(file)?.[1]])
    expect([...listed], file).toContain(ids[0])
  }
})
