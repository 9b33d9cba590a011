/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '@vmm/rule'
import { cite } from '@vmm/source'
import { describe, expect, test } from 'vitest'
import { nestedPromises } from './promises.ts'

const titled = nestedPromises.map((entry) => [`${entry.call} ${entry.id}`, entry] as const)

describe.each(titled)('%s', (_, entry: Entry) => {
  test('holds to its witnesses, and has its place in every release that its lifetime speaks of', () => {
    expect(entry.audit()).toEqual([])
  })

  test('says where it is written', () => {
    expect(entry.sources.map(cite).join()).not.toMatch(/undefined/)
  })
})

test('the list is the directory: every promise of every rule file is in it', async () => {
  const folder = join(import.meta.dirname, 'rules')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rule.ts'))
  const listed = new Set(nestedPromises.map(({ id }) => id))
  for (const file of files) {
    const promises = Object.values((await import(join(folder, file))) as Record<string, { id: string }>)
    const ids = promises.map(({ id }) => id)
    expect(ids, file).toEqual([/([^/]+)\.rule\.ts$/.exec(file)?.[1]])
    expect([...listed], file).toContain(ids[0])
  }
})
