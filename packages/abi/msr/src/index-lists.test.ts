import type { Feature } from '@vmm/cpuid'
import { profileOf } from '@vmm/rule'
import { expect, test } from 'vitest'
import { msrAt } from './all.ts'
import { featureMsrIndexList, type ListHost, msrIndexList } from './index-lists.ts'
import { listRows } from './rules/index-list/index-lists.rows.ts'

const everything: ListHost = {
  module: 'kvm_intel',
  readable: () => true,
  supports: () => true,
  mpx: true,
  nestedVmx: true,
  hyperV: true,
  smm: true,
  pmu: true,
  generalCounters: 8,
  fixedCounters: 3,
  amdGlobalCounters: true,
  traceRanges: 4,
  tsxCtrl: true,
  xss: 0x1800n,
}
const lists = (kernel: Parameters<typeof profileOf>[0], host: Partial<ListHost> = {}) =>
  msrIndexList(profileOf(kernel), { ...everything, ...host }).indexes
const features = (kernel: Parameters<typeof profileOf>[0], host: Partial<ListHost> = {}) =>
  featureMsrIndexList(profileOf(kernel), { ...everything, ...host }).indexes

test('no list names an MSR twice, in any release', () => {
  for (const kernel of [
    '5.4.0',
    '5.4.225',
    '5.10.0',
    '5.15.202',
    '6.1.0',
    '6.4.0',
    '6.12.117',
    '6.18.0',
    '7.0.0',
  ] as const) {
    const all = lists(kernel)
    expect(all.filter((index, at) => all.indexOf(index) !== at)).toEqual([])
    expect(new Set(features(kernel)).size).toBe(features(kernel).length)
  }
})

test('every listed MSR but the counters that were never given has a row', () => {
  const unnamed = listRows.flatMap(({ indexes }) => indexes).filter((index) => msrAt(index) === undefined)
  expect(unnamed.every((index) => (index > 0xc8 && index <= 0xd2) || (index > 0x18d && index <= 0x197))).toBe(true)
})

test('feature MSRs were mixed until 6.4, and are in the order of their indexes since', () => {
  expect(features('6.1.0').slice(0, 3)).toEqual([0x480, 0x48d, 0x481])
  expect(features('6.4.0').slice(0, 3)).toEqual([0x480, 0x481, 0x482])
  expect(features('6.12.0')).not.toContain(0xce)
  expect(features('6.13.0').at(-1)).toBe(0xce)
})

test('the capabilities of VMX are listed while kvm_intel allows nesting, DE_CFG on AMD', () => {
  expect(features('6.12.0', { nestedVmx: false })).toEqual([0x8b, 0x10a, 0x345])
  expect(features('6.12.0', { module: 'kvm_amd' })).toEqual([0xc001_1029, 0x8b, 0x10a, 0x345])
  expect(lists('6.12.0', { module: 'kvm_amd' })).not.toContain(0x480)
  expect(lists('6.12.0', { module: 'kvm_amd' })).toContain(0xc000_0104)
})

test('a register that the host cannot read is not saved, one that KVM emulates is', () => {
  const few = lists('6.12.0', { readable: (index) => index === 0x10 })
  expect(few[0]).toBe(0x10)
  expect(few).toContain(0x4b56_4d05)
  expect(few).not.toContain(0x174)
})

test('counters are listed as far as the host has them, and since 6.3 not without a PMU', () => {
  expect(lists('6.12.0', { generalCounters: 4 })).not.toContain(0xc5)
  expect([lists('6.1.0', { pmu: false }).includes(0x38d), lists('6.3.0', { pmu: false }).includes(0x38d)]).toEqual([
    true,
    false,
  ])
})

test('a feature that KVM does not support is not listed', () => {
  const supports = (feature: Feature) => feature !== 'XFD' && feature !== 'CET_SS'
  expect(lists('6.18.0', { supports })).not.toContain(0x1c4)
  expect(lists('6.18.0', { supports })).not.toContain(0x6a4)
  expect(lists('6.18.0', { supports })).toContain(0x6a0)
  expect(lists('5.16.0')).not.toContain(0x1c4)
})

test('what nobody has read is said to be so, not guessed', () => {
  expect(msrIndexList(profileOf('6.6.0'), everything).unread).toEqual([0x122, 0x309, 0x30a, 0x30b, 0x390])
  expect(msrIndexList(profileOf('6.12.0'), everything).unread).toEqual([])
})
