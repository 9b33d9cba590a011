import { inForce, type KernelVersion, profileOf } from '@vmm/rule'
import { expect, test } from 'vitest'
import { nestedPromises } from './promises.ts'

/** A promise, the release of a stable series before it was repaired there, and the one that repaired it. */
const repaired: readonly (readonly [string, KernelVersion, KernelVersion])[] = [
  ['nested-vmx-guest-paging', '5.4.237', '5.4.238'],
  ['nested-vmx-guest-paging', '5.10.175', '5.10.176'],
  ['nested-vmx-guest-paging', '5.15.103', '5.15.104'],
  ['nested-vmx-guest-paging', '6.2.7', '6.2.8'],
  ['nested-vmx-guest-long-mode', '5.15.103', '5.15.104'],
  ['nested-vmx-guest-debugctl', '6.6.102', '6.6.103'],
  ['nested-svm-nested-cr3', '6.6.138', '6.6.139'],
  ['nested-svm-host-code-segment', '6.6.138', '6.6.139'],
  ['nested-sregs-cr0', '6.4.7', '6.4.8'],
  ['nested-reset-left', '5.15.80', '5.15.81'],
  ['nested-smm-left', '5.10.96', '5.10.97'],
  ['nested-smm-left', '5.15.18', '5.15.19'],
  ['svm-vmload-virt', '4.14.244', '4.14.245'],
  ['svm-vmload-virt', '4.19.204', '4.19.205'],
  ['svm-vmload-virt', '5.10.59', '5.10.60'],
]

/** Which of a promise's versions holds. */
function versionIn(id: string, kernel: KernelVersion): readonly string[] {
  const entry = nestedPromises.find((promise) => promise.id === id)
  return entry?.lifetimes.map((lifetime) => inForce(lifetime, profileOf(kernel))) ?? []
}

test.each(repaired)('%s: %s is without the repair of %s', (id, before, after) => {
  const lasts = versionIn(id, after)
  expect(lasts).toContain('yes')
  expect(versionIn(id, before)).not.toEqual(lasts)
  for (const held of [lasts, versionIn(id, before)]) expect(held).not.toContain('unknown')
})

test('nested-vmx-host-width-of-vcpu: 5.10.81 goes by the vCPU, 5.10.82 by the VMCS', () => {
  expect(versionIn('nested-vmx-host-width-of-vcpu', '5.10.81')).toEqual(['yes'])
  expect(versionIn('nested-vmx-host-width-of-vcpu', '5.10.82')).toEqual(['no'])
})
