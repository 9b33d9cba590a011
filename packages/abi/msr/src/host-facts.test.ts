import { buildTable, type Feature, hostOf } from '@vmm/cpuid'
import { profileOf } from '@vmm/rule'
import { expect, test } from 'vitest'
import { featureMsrValues } from './feature-values.ts'
import { featureHostOf, listHostOf, msrHostOf } from './host-facts.ts'
import { featureMsrIndexList, msrIndexList } from './index-lists.ts'

const archCapabilities = 0x0d10_e17bn
const built = buildTable()
if (built.kind !== 'table') throw new Error(built.says)
const cascadeLake = hostOf(
  built.entries,
  { vendorModule: 'kvm_intel' },
  new Map([
    [0x10a, archCapabilities],
    [0x8b, 0x500_3604n << 32n],
  ]),
)

test('a host that KVM reads from a dump lists what it has', () => {
  const profile = profileOf('6.12.117')
  const host = listHostOf(profile, cascadeLake)
  expect(msrIndexList(profile, host).indexes).toContain(0x10)
  expect(featureMsrIndexList(profile, host).indexes).toContain(0x10a)
})

test('every feature MSR that is listed is told of', () => {
  for (const kernel of ['5.10.0', '6.1.192', '6.12.117', '6.18.0', '7.0.0'] as const) {
    const profile = profileOf(kernel)
    const knowledge = { vmx: new Map(Array.from({ length: 18 }, (_, at) => [0x480 + at, 1n] as const)) }
    const listed = featureMsrIndexList(profile, listHostOf(profile, cascadeLake, knowledge)).indexes
    const told = featureMsrValues(profile, featureHostOf(cascadeLake, knowledge))
    expect(listed.filter((index) => !told.has(index))).toEqual([])
    expect([...told.keys()].filter((index) => !listed.includes(index))).toEqual([])
  }
})

test('what the hardware says of its flaws is passed on as far as KVM passes it on', () => {
  const told = msrHostOf(profileOf('6.12.117'), cascadeLake).featureMsrs.get(0x10a) ?? 0n
  expect(told & 1n).toBe(1n)
  expect((told >> 18n) & 1n).toBe(0n)
})

test('parameters and options of the build count', () => {
  const without = {
    ...cascadeLake,
    params: { 'kvm_intel.nested': 0, 'kvm.enable_pmu': 0, 'kvm.ignore_msrs': 1 },
    kconfig: { CONFIG_KVM_HYPERV: false },
  }
  const profile = profileOf('6.12.117')
  const list = msrIndexList(profile, listHostOf(profile, without)).indexes
  expect([list.includes(0x480), list.includes(0x38d), list.includes(0x4000_0000)]).toEqual([false, false, false])
  expect(msrHostOf(profile, without)).toMatchObject({ ignoreMsrs: true })
  expect(msrHostOf(profile, without).featureMsrs.get(0x345)).toBe(0n)
})

test('a feature that the kernel cleared is not the host’s', () => {
  const cleared = { ...cascadeLake, cleared: new Set<Feature>(['NX']) }
  expect(msrHostOf(profileOf('6.12.117'), cleared).efer & 0x800n).toBe(0n)
})
