import { profileOf, resolve, run, versionInForce } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { hypercallDecider } from './decide.ts'
import { pageEncryptionProposals } from './proposals.ts'
import { exitHypercallPipeline } from './rules/enable-cap/index.ts'
import { made } from './rules/hypercall/case.ts'
import { foreignInstruction } from './rules/instruction/foreign-instruction.behaviour.ts'
import { hypercallInterface } from './rules/routing/interface.behaviour.ts'

describe('the page-encryption-status call of a guest that saw the bit, of a user space that did not ask', () => {
  const call = made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { has: () => true })
  const said = (proposals: readonly string[]) =>
    hypercallDecider({ ...profileOf('5.14.0'), proposals })(call.call, call.context)

  test('fails as merged', () => {
    expect(said([])).toEqual({ kind: 'return', value: BigInt.asUintN(64, -1000n) })
  })
  test.each([
    ['rfc-page-enc-enforced', 'exit'],
    ['rfc-page-enc-bool', 'return'],
    ['rfc-page-enc-mask', 'return'],
  ])('with %s ends in %s', (proposal, kind) => {
    expect(said([proposal])).toMatchObject(kind === 'return' ? { kind, value: 0n } : { kind })
  })
  test('is refused for its arguments first in every variant that looks at them', () => {
    const wrong = made('KVM_HC_MAP_GPA_RANGE', [0x1001n, 1n], { has: () => true })
    for (const proposal of pageEncryptionProposals) {
      const decide = hypercallDecider({ ...profileOf('5.14.0'), proposals: [proposal] })
      expect(decide(wrong.call, wrong.context)).toEqual({ kind: 'return', value: BigInt.asUintN(64, -22n) })
    }
  })
})

test('one switch hears of every call, a mask of those that were asked for', () => {
  const call = made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { has: () => true, exits: 1 << 11 })
  const said = (proposal: string) =>
    hypercallDecider({ ...profileOf('5.14.0'), proposals: [proposal] })(call.call, call.context)
  expect(said('rfc-page-enc-bool').kind).toBe('exit')
  expect(said('rfc-page-enc-mask')).toEqual({ kind: 'return', value: 0n })
})

test('before 5.14 the number of MAP_GPA_RANGE is unknown', () => {
  const call = made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { exits: 1 << 12 })
  expect(hypercallDecider(profileOf('5.13.0'))(call.call, call.context)).toEqual({
    kind: 'return',
    value: BigInt.asUintN(64, -1000n),
  })
})

test.each([
  ['5.18.0', 'patch'],
  ['5.19.0', 'fault'],
] as const)('in %s the other instruction ends in a %s where the quirk is off', (kernel, kind) => {
  const found = versionInForce(foreignInstruction, profileOf(kernel))
  if (found.kind !== 'version') throw new Error('no version')
  const made = { instruction: 'VMMCALL', native: 'VMCALL', quirk: 'off', cpl: 3, protectedMode: true } as const
  expect(found.version.does(made).kind).toBe(kind)
})

test.each([
  [{ instruction: 'VMCALL', native: 'VMMCALL', cpl: 3, protectedMode: true }, 13],
  [{ instruction: 'VMMCALL', native: 'VMCALL', cpl: 0, protectedMode: false }, 6],
] as const)('what the emulator refuses is not patched: %o', (made, vector) => {
  for (const { does } of foreignInstruction.versions)
    for (const quirk of ['on', 'off'] as const)
      expect(does({ ...made, quirk })).toMatchObject({ kind: 'fault', vector })
})

test('the exit of a hypercall that may not exit is refused, and 0 takes back what was asked', () => {
  const steps = resolve(exitHypercallPipeline, profileOf('6.1.0'))
  expect(run(steps, { asked: 1n << 10n, exits: 0n })).toMatchObject({ kind: 'refused', refusal: { errno: 'EINVAL' } })
  expect(run(steps, { asked: 0n, exits: 0x1000n })).toMatchObject({ kind: 'done', state: { exits: 0n } })
})

test.each([
  [{ xen: 'off', hyperV: 'announced', guestOsId: 0n, rax: 0n }, 'kvm'],
  [{ xen: 'off', hyperV: 'announced', guestOsId: 1n, rax: 0n }, 'hyper-v'],
  [{ xen: 'off', hyperV: 'off', guestOsId: 1n, rax: 0n }, 'kvm'],
  [{ xen: 'intercepts', hyperV: 'off', guestOsId: 0n, rax: 0x8000_0000n }, 'xen'],
  [{ xen: 'intercepts', hyperV: 'announced', guestOsId: 1n, rax: 17n }, 'xen'],
] as const)('a call is answered by one interface: %o → %s', (call, answers) => {
  expect(hypercallInterface.versions[0].does(call)).toBe(answers)
})
