import { expect, test } from 'vitest'
import { unlikeTheOracle } from './engines.ts'
import { kernels } from './kernels/all.ts'

test.for(Object.entries(kernels))('the oracle runs %s to its end, and comes to the same', ([, make]) => {
  expect(unlikeTheOracle(make())).toEqual([])
})
