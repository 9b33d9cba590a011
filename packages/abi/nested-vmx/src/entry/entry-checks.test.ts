import { cite } from '@vmm/source'
import { describe, expect, test } from 'vitest'
import { vmcsReader, wholeVmcsLayout, wholeVmcsOf } from '../vmcs/vmcs-layout.ts'
import { entryChecks } from './all.ts'
import { fails } from './check.ts'
import { type SoundVmcs, soundFacts, soundVmcs, wholeProcessor } from './sound-vmcs.ts'
import { type EntryCase, witnessesOf } from './witnesses.ts'

/** Every check that fails, by the first reading. */
function failed({ values, processor, facts }: EntryCase): readonly string[] {
  const asked = { read: vmcsReader(wholeVmcsOf(values), wholeVmcsLayout), processor, facts }
  return entryChecks.filter((check) => fails(check, asked)).map(({ id }) => id)
}

test.each(Object.keys(soundVmcs) as SoundVmcs[])('a sound VMCS passes every check: %s', (from) => {
  expect(failed({ values: soundVmcs[from], processor: wholeProcessor, facts: soundFacts(from) })).toEqual([])
})

describe.each(entryChecks.map((check) => [check.id, check] as const))('%s', (id, check) => {
  test.each(witnessesOf(check).map((sides, nth) => [nth, sides] as const))(
    'has two sides: witness %i',
    (_, { broken, mended }) => {
      expect(failed(broken)[0]).toBe(id)
      expect(failed(mended)).toEqual([])
    },
  )

  test('says where it is written, and can be the first that fails', () => {
    expect(cite(check.source)).toMatch(/^SDM 3C §27\.[23]/)
    expect(check.witness.breaks.length).toBeGreaterThan(0)
  })
})

test('no two checks share a name', () => {
  expect(new Set(entryChecks.map(({ id }) => id)).size).toBe(entryChecks.length)
})

test('checks are in the manual’s order', () => {
  const numbers = entryChecks.map(({ source }) => (source.kind === 'sdm' ? source.section : ''))
  expect(numbers).toEqual(numbers.toSorted((a, b) => a.localeCompare(b, undefined, { numeric: true })))
})
