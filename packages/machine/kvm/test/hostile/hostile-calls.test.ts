import { expect, test } from 'vitest'
import { findWrong } from './play.ts'

const kernels = ['5.4', '5.10', '5.15', '5.16.0', '6.1', '6.6', '6.12', '6.15', '6.18', '7.0'] as const

test.each(kernels)('whatever is called in whatever order has an answer, and soon: %s', (kernel) => {
  for (let seed = 0; seed < 3; seed++) expect(findWrong(kernel, 100 * seed + 7, 150, false)).toBeUndefined()
})

test.each(kernels)('a call that fails changes nothing, but for those that do so in the kernel: %s', (kernel) => {
  expect(findWrong(kernel, 11, 200, true)).toBeUndefined()
})
