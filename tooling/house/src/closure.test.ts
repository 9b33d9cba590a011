import { join } from 'node:path'
import { expect, test } from 'vitest'
import { closureOf } from './closure.ts'
import { houseOnDisk, packagesOf } from './house.ts'

const house = houseOnDisk(join(import.meta.dirname, '../../..'))

test.each(['cpuid', 'msr', 'hypercall', 'x86-decoder', 'vcpu'])('%s comes without an engine or a machine', (name) => {
  const floors = (closureOf(house, name) ?? []).map(({ floor }) => floor)
  expect(floors.length).toBeGreaterThan(1)
  expect(floors).not.toContain('engine')
  expect(floors).not.toContain('machine')
})

test('what a package needs comes before it, and itself last', () => {
  const names = closureOf(house, '@vmm/rule')?.map(({ name }) => name)
  expect(names).toEqual(['@vmm/source', '@vmm/rule'])
})

test('every package has a closure, and nothing else has', () => {
  for (const { name } of packagesOf(house)) expect(closureOf(house, name)?.at(-1)?.name).toBe(name)
  expect(closureOf(house, 'nothing')).toBeUndefined()
})
