import { join } from 'node:path'
import { expect, test } from 'vitest'
import { laws } from './all.ts'
import { houseOnDisk } from './house.ts'
import { briefMapOf, mapIn } from './map.ts'

const house = houseOnDisk(join(import.meta.dirname, '../../..'))

test.each(laws.map((law) => [law.says, law] as const))('%s', async (_, law) => {
  const findings = await law.check(house)
  expect(findings.map(({ file, line, says }) => `${file}:${line} ${says}`)).toEqual([])
})

test('every module can be read', () => {
  const unread = house.members.flatMap(({ sources }) => sources.filter(({ file }) => file.syntaxError !== undefined))
  expect(unread.map(({ file }) => `${file.path} ${file.syntaxError}`)).toEqual([])
})

test('the map in the README is the house: `pnpm map --write` draws it', () => {
  expect(mapIn(house.tree.read('README.md'))).toBe(briefMapOf(house))
})
