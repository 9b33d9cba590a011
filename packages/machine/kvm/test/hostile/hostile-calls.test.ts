import { setDebugregsPipeline } from '@vmm/vcpu'
import { expect, test } from 'vitest'
import { changesAlthoughRefused, findWrong } from './play.ts'

const kernels = ['5.4', '5.10', '5.15', '5.16.0', '6.1', '6.6', '6.12', '6.15', '6.18', '7.0'] as const

test.each(kernels)('whatever is called in whatever order has an answer, and soon: %s', (kernel) => {
  for (let seed = 0; seed < 3; seed++) expect(findWrong(kernel, 100 * seed + 7, 150, 'never')).toBeUndefined()
})

test.each(kernels)('a call that fails changes nothing, but for those that do so in the kernel: %s', (kernel) => {
  expect(findWrong(kernel, 11, 200, 'where nothing may change')).toBeUndefined()
})

test('a rule that throws is found, with no more calls than it needs', () => {
  const [step] = setDebugregsPipeline.steps
  if (step?.kind !== 'check') throw new Error('the first step of KVM_SET_DEBUGREGS is no check')
  const { refuses } = step.rule
  const mutant: { refuses: typeof refuses } = step.rule
  mutant.refuses = () => {
    throw new Error('a mistake of ours')
  }
  try {
    const found = findWrong('6.12', 7, 300, 'never')
    expect(found?.wrong).toMatchObject({ call: expect.stringMatching(/^KVM_SET_DEBUGREGS/) })
    expect(found?.wrong.says).toContain('a mistake of ours')
    expect(found?.after).toHaveLength(1)
  } finally {
    mutant.refuses = refuses
  }
})

test('a call that changes something although it fails is found, where that is not known of it', () => {
  const found = findWrong('6.12', 11, 200, 'always')
  expect(found?.wrong.says).toMatch(/^it failed .* tell something else$/)
  expect([...changesAlthoughRefused.keys()]).toContain(found?.wrong.call.split(' ')[0])
})
