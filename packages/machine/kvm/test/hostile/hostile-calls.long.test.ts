import { expect, test } from 'vitest'
import { findWrong } from './play.ts'

const kernels = [
  '5.4',
  '5.10',
  '5.13',
  '5.15',
  '5.16.0',
  '5.16.3',
  '5.17',
  '6.1',
  '6.4',
  '6.6',
  '6.8',
  '6.12',
  '6.14',
  '6.15',
  '6.18',
  '7.0',
]

test.each(kernels)('whatever is called in whatever order, at length: %s', (kernel) => {
  for (let seed = 1000; seed < 1040; seed++) expect(findWrong(kernel, seed, 1500, false)).toBeUndefined()
})

test.each(kernels)('what fails changes nothing, at length: %s', (kernel) => {
  for (let seed = 2000; seed < 2020; seed++) expect(findWrong(kernel, seed, 800, true)).toBeUndefined()
})
