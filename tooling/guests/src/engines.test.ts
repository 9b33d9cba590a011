import { expect, test } from 'vitest'
import { unlikeTheOracle } from './engines.ts'
import { kernels } from './kernels/all.ts'

test('the oracle runs a kernel to its end with the same count of instructions and the same state', () => {
  expect(unlikeTheOracle(kernels['numericErrors']!())).toEqual([])
})
