import { inForce, type KernelVersion, profileOf } from '@vmm/rule'
import { expect, test } from 'vitest'
import { preemptedTold } from './rules/run/preempted-told.behaviour.ts'

const told = (kernel: KernelVersion): readonly boolean[] =>
  preemptedTold.versions
    .filter(({ lifetime }) => inForce(lifetime, profileOf(kernel)) === 'yes')
    .map(({ does }) => does({ betweenInstructions: false }))

test.each<[KernelVersion, KernelVersion]>([
  ['5.4.243', '5.4.244'],
  ['5.10.179', '5.10.180'],
  ['5.15.59', '5.15.60'],
  ['5.16.20', '5.19.0'],
])('%s tells a guest that it was preempted within an instruction, %s does not', (before, after) => {
  expect(told(before)).toEqual([true])
  expect(told(after)).toEqual([false])
})
