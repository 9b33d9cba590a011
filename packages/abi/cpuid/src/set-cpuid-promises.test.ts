/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { auditPipeline, type Entry } from '@vmm/rule'
import { cite } from '@vmm/source'
import { describe, expect, test } from 'vitest'
import { getCpuid2Pipeline } from './get-cpuid2-steps.ts'
import { cpuidPromises } from './promises.ts'
import { setCpuid2Pipeline, setCpuidPipeline } from './set-cpuid-steps.ts'

const titled = cpuidPromises.map((entry) => [`${entry.call} ${entry.id}`, entry] as const)

describe.each(titled)('%s', (_, entry: Entry) => {
  test('holds to its witnesses, and has its place in every release that its lifetime speaks of', () => {
    expect(entry.audit()).toEqual([])
  })
  test('says where it is written', () => {
    expect(entry.sources.map(cite).join()).not.toMatch(/undefined/)
  })
})

test('no rule is hidden behind another in any call', () => {
  const audits = [auditPipeline(setCpuid2Pipeline), auditPipeline(setCpuidPipeline), auditPipeline(getCpuid2Pipeline)]
  expect(audits.flat()).toEqual([])
})

test('the list is the directory: every promise of every rule file is in it', async () => {
  const folder = join(import.meta.dirname, 'rules')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rule.ts'))
  const listed = new Set(cpuidPromises.map(({ id }) => id))
  for (const file of files) {
    const promises = Object.values((await import(join(folder, file))) as Record<string, { id: string }>)
    expect(
      promises.map(({ id }) => id),
      file,
    ).toEqual([/([^/]+)\.rule\.ts$/.exec(file)?.[1]])
    expect([...listed], file).toContain(promises[0]?.id)
  }
})

test('one name is one promise, whatever call it belongs to', () => {
  const says = new Map<string, string>()
  for (const { id, says: sentence } of cpuidPromises) {
    expect(says.get(id) ?? sentence, id).toBe(sentence)
    says.set(id, sentence)
  }
})
