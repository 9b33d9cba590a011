import { changeEntry, entry } from '@vmm/cpuid'
import { profileOf, resolve, run } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { aGuest, anEcreate, anEinit } from './a-guest.ts'
import { type Encls, enclsDecider } from './encls.ts'
import type { Operand } from './encls-case.ts'
import { enclsLeaves } from './encls-leaves.rows.ts'
import type { SgxGuest } from './guest.ts'
import { executedFault } from './rules/encls/executed-fault.behaviour.ts'
import { enclsAddress } from './rules/encls/operand-address.behaviour.ts'
import { provisioningPipeline } from './rules/provisioning/index.ts'

const { ECREATE, EADD, EINIT, EAUG } = enclsLeaves
const without = (leaf12: number): SgxGuest['table'] => changeEntry(aGuest().table, 0x12, 0, () => ({ eax: leaf12 }))

function said(kernel: `${number}.${number}.${number}`, encls: Encls): string {
  const verdict = enclsDecider(profileOf(kernel))(encls)
  return verdict.kind === 'refused' ? verdict.error : verdict.kind
}

describe('a leaf of ENCLS', () => {
  test.each([
    ['of a kernel before SGX', '5.12.0', EADD, {}, '#UD'],
    ['of a guest that has it', '6.12.117', EADD, {}, 'native'],
    ['of a guest without SGX', '6.12.117', EADD, { table: [] }, '#UD'],
    [
      'of a guest that a machine check took SGX1 from, as user space tells it',
      '6.12.117',
      EADD,
      { table: without(0) },
      '#UD',
    ],
    ['of the second generation, in a guest of the first', '6.1.192', EAUG, { table: without(1) }, '#UD'],
    ['of the second generation, in a guest of the first', '6.5.0', EAUG, { table: without(1) }, '#GP'],
    ['that nobody has', '6.1.192', 0x10, {}, '#UD'],
    ['that nobody has', '6.12.117', 0xffff_ffff, {}, '#GP'],
    ['before firmware has locked its switch', '6.12.117', EADD, { featureControl: 0x4_0000n }, '#GP'],
    ['that L1 wants to see', '6.12.117', EADD, { l1Bitmap: 2n }, 'l1'],
    ['where kvm_intel.sgx is off', '6.12.117', EADD, { module: 'off' }, '#UD'],
  ] as const)('%s in %s', (_, kernel, leaf, changes, verdict) => {
    expect(said(kernel, { leaf, guest: aGuest(changes) })).toBe(verdict)
  })

  test('is looked at with paging off only where it is intercepted', () => {
    expect(said('6.12.117', { leaf: ECREATE, guest: aGuest({ paging: false }) })).toBe('#GP')
    expect(said('6.1.192', { leaf: ECREATE, guest: aGuest({ paging: false }) })).toBe('run')
    expect(said('6.12.117', { leaf: EADD, guest: aGuest({ paging: false }) })).toBe('native')
  })
})

describe('ECREATE', () => {
  const { guest: _, ...created } = anEcreate()
  const asked = (changes: Partial<typeof created.asked>) => ({ ...created, asked: { ...created.asked, ...changes } })

  test('executes by itself where the guest has all of the processor’s SGX and may provision', () => {
    expect(said('6.12.117', { leaf: ECREATE, guest: aGuest({ provisioning: true }), ecreate: created })).toBe('native')
    const less = changeEntry(aGuest().table, 0x12, 1, () => ({ ecx: 3 }))
    expect(said('6.12.117', { leaf: ECREATE, guest: aGuest({ provisioning: true, table: less }) })).toBe('run')
  })

  test.each([
    ['x87 and SSE alone', asked({}), 'run'],
    ['the provisioning key', asked({ attributes: 0x14n }), '#GP'],
    ['a bit that leaf 12H does not offer', asked({ attributes: 1n << 40n }), '#GP'],
    ['the largest size', asked({ size: 1n << 36n }), '#GP'],
    ['a size of 32-bit enclaves, beyond theirs', asked({ attributes: 0n, size: 1n << 16n }), '#GP'],
    ['SECINFO in no slot', { ...created, secInfo: { address: 0x3000n, leads: 'nowhere' as const } }, 'internal error'],
  ])('with %s', (_, ecreate, verdict) => {
    expect(said('6.12.117', { leaf: ECREATE, guest: aGuest(), ecreate })).toBe(verdict)
  })

  test('is held to the guest’s XCR0 since 6.4, where KVM wrote CPUID over before', () => {
    const ecreate = asked({ xfrm: 7n })
    const guest = aGuest({ supportedXcr0: 3n })
    expect(said('6.1.192', { leaf: ECREATE, guest, ecreate })).toBe('run')
    expect(said('6.4.0', { leaf: ECREATE, guest, ecreate })).toBe('#GP')
  })

  test('of a table without leaf 12H is user space’s to explain', () => {
    const table = [entry(7, { ebx: 4 }, 0), entry(0x12, { eax: 1 }, 0)]
    expect(said('6.12.117', { leaf: ECREATE, guest: aGuest({ table }), ecreate: created })).toBe('internal error')
  })
})

const at = (address: bigint | undefined, leads: Operand['leads'] = 'memory'): Operand => ({ address, leads })

describe('operands of ECREATE', () => {
  const { guest: _, ...created } = anEcreate()
  test.each([
    ['PAGEINFO at half of its alignment', { pageInfo: at(0x1010n) }, '#GP'],
    ['PAGEINFO outside its segment', { pageInfo: at(undefined) }, '#GP'],
    ['SECS off its page', { secs: at(0x2800n) }, '#GP'],
    ['SECINFO at half of its alignment', { secInfo: at(0x3020n) }, '#GP'],
    ['the source off its page', { sourcePage: at(0x4800n) }, '#GP'],
    ['PAGEINFO where no page is', { pageInfo: at(0x1000n, 'unmapped') }, '#PF'],
    ['SECINFO where no page is', { secInfo: at(0x3000n, 'unmapped') }, '#PF'],
    ['the source where no page is', { sourcePage: at(0x4000n, 'unmapped') }, '#PF'],
    ['SECS where no page is', { secs: at(0x2000n, 'unmapped') }, '#PF'],
    ['PAGEINFO in a device', { pageInfo: at(0x1000n, 'nowhere') }, 'internal error'],
    ['SECS in a device', { secs: at(0x2000n, 'nowhere') }, 'internal error'],
    [
      'SECS in a device, SECINFO where no page is',
      { secs: at(0x2000n, 'nowhere'), secInfo: at(0x3000n, 'unmapped') },
      '#PF',
    ],
    ['PAGEINFO where no page is, SECS off its page', { pageInfo: at(0x1000n, 'unmapped'), secs: at(1n) }, '#GP'],
  ] as const)('%s', (_, changes, verdict) => {
    const encls = { leaf: ECREATE, guest: aGuest(), ecreate: { ...created, ...changes } }
    expect([said('5.13.0', encls), said('6.12.117', encls)]).toEqual([verdict, verdict])
  })
})

describe('operands of EINIT', () => {
  test.each([
    ['SIGSTRUCT off its page', { signature: at(0x1800n) }, '#GP'],
    ['SECS off its page', { secs: at(0x2800n) }, '#GP'],
    ['EINITTOKEN at half of its alignment', { token: at(0x3100n) }, '#GP'],
    ['SIGSTRUCT where no page is', { signature: at(0x1000n, 'unmapped') }, '#PF'],
    ['EINITTOKEN where no page is', { token: at(0x3200n, 'unmapped') }, '#PF'],
    ['SECS in a device', { secs: at(0x2000n, 'nowhere') }, 'internal error'],
    [
      'SECS in a device, SIGSTRUCT where no page is',
      { secs: at(0x2000n, 'nowhere'), signature: at(0n, 'unmapped') },
      '#PF',
    ],
  ] as const)('%s', (_, changes, verdict) => {
    const encls = { leaf: EINIT, guest: aGuest(), einit: anEinit(changes) }
    expect([said('5.13.0', encls), said('6.12.117', encls)]).toEqual([verdict, verdict])
  })
})

test.each([
  ['/dev/sgx_provision', 'done'],
  ['another', 'EINVAL'],
  ['none', 'EINVAL'],
] as const)('a VM is let provision with %s: %s', (file, answer) => {
  const outcome = run(resolve(provisioningPipeline, profileOf('5.13.0')), { file, provisioning: false })
  expect(outcome.kind === 'refused' ? outcome.refusal.errno : outcome.kind).toBe(answer)
  expect(outcome.state.provisioning).toBe(answer === 'done')
})

test('EINIT is executed with the guest’s key where the processor has launch control, and by itself elsewhere', () => {
  expect(said('6.12.117', { leaf: EINIT, guest: aGuest(), einit: anEinit() })).toBe('run')
  expect(said('6.12.117', { leaf: EINIT, guest: aGuest({ hardware: [] }), einit: anEinit() })).toBe('native')
})

test.each([
  [14, 'SGX1', 'SGX2', 'internal error'],
  [13, 'SGX1', 'SGX2', '#PF of enclave memory'],
  [14, 'SGX2', 'SGX1', '#GP'],
  [13, 'SGX2', 'SGX2', '#GP'],
] as const)('a fault %i of %s, in a guest of %s, is %s', (vector, hardware, guest, verdict) => {
  expect(executedFault.versions[0].does({ vector, hardware, guest })).toBe(verdict)
})

test('an operand outside DS, or not canonical, has no address', () => {
  const does = enclsAddress.versions[1]!.does
  const ds = { base: 0x1000n, limit: 0x1fffn, usable: true, type: 3 }
  const at = { offset: 0xfe0n, size: 32n, mode: '32-bit', ds, linearWidth: 48 } as const
  expect(does(at)).toBe(0x1fe0n)
  expect(does({ ...at, offset: 0x1000n })).toBeUndefined()
  expect(does({ ...at, ds: { ...ds, type: 1 } })).toBeUndefined()
  expect(does({ ...at, mode: '64-bit', offset: 1n << 47n })).toBeUndefined()
  expect(does({ ...at, mode: '64-bit', offset: 1n << 47n, linearWidth: 57 })).toBe(1n << 47n)
})
