import { describe, expect, test } from 'vitest'
import { scenarios } from '../scenarios/all.ts'
import { pageOf, played } from '../scenarios/scenario.ts'

const asked = '5.4 5.10 5.15 5.16.0 5.16.3 5.17 6.1 6.4 6.6 6.8 6.12 6.14 6.15 6.18 7.0'.split(' ')

test('scenarios are played on every release that a profile must be there for', () => {
  expect(asked.filter((kernel) => !played.includes(kernel))).toEqual([])
})

describe.each(Object.entries(scenarios))('%s', (name, scenario) => {
  test('is what its page says', async () => {
    await expect(pageOf(scenario)).toMatchFileSnapshot(`../scenarios/${name}.md`)
  })
})
