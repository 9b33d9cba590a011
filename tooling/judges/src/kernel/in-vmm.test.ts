import { expect, test } from 'vitest'
import { judgeKernel } from './report.ts'

test('the kvm_intel of 6.1 in a guest of ours, on the VMX that we give it, answers about nested state as we do', ({
  skip,
}) => {
  const status = judgeKernel({ on: { kind: 'vmm', series: '6.1', model: '' }, record: false, only: 'nested-' })
  skip(status === 2, 'there is no compiler, or no package of its kernel')
  expect(status).toBe(0)
})
