/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { inForce, type KernelVersion, profileOf, profilesOf } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { capabilities, capabilityNumbered, checkExtension, type HostFacts, ioctls } from '../index.ts'

/** A host with all there is, and the numbers of Debian's kernels. */
const rich: HostFacts = {
  processorsOnline: 8,
  maxVcpus: 1024,
  hyperv: true,
  xen: true,
  smm: true,
  sgx: true,
  memoryAttributes: true,
  schedInfo: true,
  tdp: true,
  xsave: true,
  tscScaling: true,
  busLockExit: true,
  notifyExit: true,
  mwait: true,
  smtRsbMitigated: false,
  pmu: true,
  smallerMaxphyaddr: false,
  acceleratedTpr: true,
  nestedStateBytes: 8320,
  enlightenedVmcs: true,
  directTlbFlush: true,
  xsaveBytes: 11_008,
  vmTypes: 0x1,
  ignorePatQuirk: true,
}
const ask = (number: number, kernel: KernelVersion, host = rich) => checkExtension(number, profileOf(kernel), host)

test('no two capabilities have one number or one name', () => {
  expect(new Set(capabilities.map(({ number }) => number)).size).toBe(capabilities.length)
  expect(new Set(capabilities.map(({ name }) => name)).size).toBe(capabilities.length)
})

test('every capability that a call names is one', () => {
  const names = capabilities.map(({ name }) => name)
  expect(ioctls.flatMap(({ capability }) => capability ?? []).filter((name) => !names.includes(name))).toEqual([])
})

test('no two answers of one capability hold in one release', () => {
  const answered = capabilities.filter(({ answers }) => answers.length > 1)
  expect(answered.length).toBeGreaterThan(8)
  for (const { name, answers } of answered) {
    const profiles = answers.flatMap(({ lifetime }) => profilesOf(lifetime))
    const holding = profiles.map(
      (profile) => answers.filter(({ lifetime }) => inForce(lifetime, profile) === 'yes').length,
    )
    expect([name, Math.max(...holding)]).toEqual([name, 1])
  }
})

test.each([
  [10, '5.10.0', 509],
  [10, '6.12.0', 32_764],
  [39, '5.15.0', 2],
  [39, '5.16.0', 14],
  [38, '6.3.2', 0x7f],
  [38, '6.12.117', 0x1ff],
  [143, '5.10.0', 15],
  [168, '5.4.0', 1],
  [200, '5.10.0', 0],
  [200, '6.1.0', 1],
  [213, '5.10.0', 0],
  [213, '6.1.192', 0x7f],
  [213, '6.12.117', 0x7ff],
  [213, '6.12.77', 0xff],
  [70, '6.12.117', 0],
  [231, '6.6.0', 0],
  [231, '6.8.0', 1],
  [9999, '6.18.0', 0],
] as const)('capability %i of %s is answered with %i', (number, kernel, value) => {
  expect(ask(number, kernel)).toMatchObject({ kind: 'answer', value })
})

test('where nobody has read a boundary, nothing is guessed', () => {
  expect(ask(70, '6.15.0')).toMatchObject({ kind: 'unknown' })
  expect(ask(213, '6.15.0')).toMatchObject({ kind: 'unknown' })
})

describe('a live kernel agrees', () => {
  interface Recorded {
    readonly release: KernelVersion
    readonly vendorModule: string
    readonly processorsOnline: number
    readonly vcpuMmapSize: number
    readonly apiVersion: number
    readonly system: Readonly<Record<string, number>>
  }
  const file = new URL('../../cases/capabilities-6.18.44-kvm_pvm.json', import.meta.url)
  const live: Recorded = JSON.parse(readFileSync(file, 'utf8'))
  /** Neither Intel's module nor AMD's, without paging in hardware, and built without Hyper-V, Xen, SMM and SGX. */
  const host: HostFacts = {
    ...rich,
    processorsOnline: live.processorsOnline,
    hyperv: false,
    xen: false,
    smm: false,
    sgx: false,
    memoryAttributes: false,
    tdp: false,
    tscScaling: false,
    busLockExit: false,
    notifyExit: false,
    mwait: false,
    pmu: false,
    smallerMaxphyaddr: true,
    nestedStateBytes: 0,
    xsaveBytes: 0,
    ignorePatQuirk: false,
  }

  test.each(capabilities)('about $name', ({ number }) => {
    const ours = checkExtension(number, profileOf(live.release), host)
    const theirs = live.system[number] ?? 0
    if (ours.kind === 'unknown') expect([213]).toContain(number)
    else expect(ours.value).toBe(theirs)
  })

  test('and knows no other', () => {
    const unknown = Object.keys(live.system).filter((number) => capabilityNumbered(Number(number)) === undefined)
    expect(unknown).toEqual([])
  })

  test('and says the version and the mapping that everybody expects', () => {
    expect([live.apiVersion, live.vcpuMmapSize]).toEqual([12, 12_288])
  })
})
