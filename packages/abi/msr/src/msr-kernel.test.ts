import { type Feature, features } from '@vmm/cpuid'
import { profileOf, readProfile } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { msrs } from './all.ts'
import { type MsrDone, type MsrSurroundings, msrKernel } from './msr-kernel.ts'
import type { MsrEntry } from './rules/bulk/call.ts'
import { amdHost, intelHost, plainVcpu, plainVm } from './rules/witness.ts'

const kernel = (text: string) => {
  const read = readProfile(text)
  if (read.kind === 'bad-version') throw new RangeError(read.says)
  return msrKernel(read.profile)
}

const capabilities = new Map<number, bigint>([
  [0x480, 0xda_0400_11e5_7ed0n],
  [0x48d, 0x7f_0000_0016n],
  [0x10a, 0x4cn],
])

const surroundings: MsrSurroundings = {
  vcpu: {
    ...plainVcpu,
    features: new Set<Feature>(['VMX', 'ARCH_CAPABILITIES', 'PDCM', 'LM', 'NX', 'SYSCALL']),
    values: new Map([...capabilities, [0x481, 0x7f_0000_0016n]]),
  },
  vm: plainVm,
  host: { ...intelHost, featureMsrs: capabilities },
  listed: (index) => (index === 0x3f1 ? 'saved' : index === 0x9999 ? 'not' : 'emulated'),
}
const after = (change: Partial<MsrSurroundings['vcpu']>): MsrSurroundings => ({
  ...surroundings,
  vcpu: { ...surroundings.vcpu, ...change },
})
const ran = after({ hasRun: true })

/** What the vCPU holds after a write that is kept. */
const keeping = (from: MsrSurroundings) => {
  let now = from
  return (entry: MsrEntry, { keeps, data }: MsrDone): MsrSurroundings => {
    const { values } = now.vcpu
    const held = (at: number) => (at === entry.index ? data : values.get(at))
    if (keeps) now = { ...now, vcpu: { ...now.vcpu, values: { get: held } } }
    return now
  }
}
const setAll = (release: string, entries: readonly MsrEntry[], from: MsrSurroundings) =>
  kernel(release).setMsrs(entries, from, keeping(from))

describe('feature MSRs after a run', () => {
  const other = [{ index: 0x10a, data: 0n }]
  const same = [{ index: 0x10a, data: 0x4cn }]

  test.each([
    ['5.4', 1],
    ['6.1', 1],
    ['6.3.0', 1],
    ['6.4.0', 0],
    ['6.12', 0],
    ['6.18', 0],
    ['7.0', 0],
  ])('in %s, %i of one write of another value is done', (release, count) => {
    expect(setAll(release, other, ran).count).toBe(count)
    expect(setAll(release, same, ran).count).toBe(1)
    expect(setAll(release, other, surroundings).count).toBe(1)
  })

  test('the microcode revision may change at any time', () => {
    for (const release of ['5.10', '6.4', '6.12', '7.0'])
      expect(setAll(release, [{ index: 0x8b, data: 7n << 32n }], ran).count).toBe(1)
  })

  test('what the setter refuses is ignored from 6.4 to 6.9 if it changes nothing, and refused again since 6.10', () => {
    const derived = [{ index: 0x481, data: 0x7f_0000_0016n }]
    const counts = ['6.1', '6.4.0', '6.9.0', '6.10.0', '7.0'].map((release) => setAll(release, derived, ran).count)
    expect(counts).toEqual([0, 1, 1, 0, 0])
    const entered = after({ hasRun: true, vmxOn: true })
    const capability = [{ index: 0x480, data: 0xda_0400_11e5_7ed0n }]
    expect(['6.1', '6.4.0', '6.10.0'].map((release) => setAll(release, capability, entered).count)).toEqual([0, 1, 0])
  })

  test('MSR_PLATFORM_INFO froze in 6.13', () => {
    const counts = ['6.12', '6.13', '7.0'].map(
      (release) => setAll(release, [{ index: 0xce, data: 1n << 31n }], ran).count,
    )
    expect(counts).toEqual([1, 0, 0])
  })

  test('while a nested guest runs they froze in 7.0, also on a vCPU that never ran', () => {
    const nested = after({ l2Active: true })
    expect(['6.18', '7.0'].map((release) => setAll(release, other, nested).count)).toEqual([1, 0])
  })

  test('as proposed on 6.0 they freeze at once, and the same value is ignored', () => {
    expect(setAll('6.0', other, ran).count).toBe(1)
    expect(setAll('6.0+rfc-feature-msrs', other, ran).count).toBe(0)
    expect(setAll('6.0+rfc-feature-msrs', [{ index: 0x481, data: 0x7f_0000_0016n }], ran).count).toBe(1)
    expect(setAll('6.0', [{ index: 0x481, data: 0x7f_0000_0016n }], ran).count).toBe(0)
  })

  test('a refusal says which rule, since when, and where that is written', () => {
    const [answer] = setAll('6.12', other, ran).answers
    expect(answer).toMatchObject({ kind: 'failed', error: 'EINVAL', rule: 'feature-msr-frozen-after-run' })
    expect(answer?.kind === 'failed' && answer.says).toContain('since 6.4; commit 0094f62c7eaa')
  })

  test('reset by blind restore of all MSRs goes as far as the first that cannot be set', () => {
    const saved = [0x10a, 0x8b, 0x480, 0x48d, 0xce].map((index) => ({
      index,
      data: surroundings.vcpu.values.get(index) ?? 0n,
    }))
    for (const release of ['6.1', '6.4.0', '6.12', '7.0']) expect(setAll(release, saved, ran).count).toBe(5)
    const withDerived = saved.toSpliced(2, 0, { index: 0x481, data: 0x7f_0000_0016n })
    expect(['6.1', '6.4.0', '6.12'].map((release) => setAll(release, withDerived, ran).count)).toEqual([2, 6, 2])
  })
})

describe('many at once', () => {
  test('entries before a failure stay, and those after it are not come to', () => {
    const entries = [
      { index: 0x277, data: 6n },
      { index: 0x9999, data: 1n },
      { index: 0x2ff, data: 6n },
    ]
    const answer = setAll('6.12', entries, surroundings)
    expect([answer.count, answer.answers.length]).toEqual([1, 2])
  })

  test('a read that fails leaves 0 in its entry since 6.12, and before only where the MSR is unknown', () => {
    const read = (release: string, index: number) =>
      kernel(release).getMsrs(
        [
          { index, data: 7n },
          { index: 0x10, data: 7n },
        ],
        surroundings,
      )
    expect(read('6.12', 0x9999)).toMatchObject({ count: 0, entries: [{ data: 0n }, { data: 7n }] })
    expect(read('6.1', 0x9999).entries[0]?.data).toBe(0n)
    expect(read('6.1', 0x408).entries[0]?.data).toBe(7n)
    expect(read('6.12', 0x408).entries[0]?.data).toBe(0n)
  })

  test('what a vCPU lacks is read as 0 and cleared by user space as KVM lists it, each series in its own way', () => {
    const listed = (release: string, index: number) =>
      kernel(release).access('write', 'host', { index, data: 0n }, surroundings).kind
    expect(['5.15', '6.1.100', '6.1.167', '6.6', '6.12'].map((release) => listed(release, 0x3f1))).toEqual([
      'failed',
      'done',
      'done',
      'done',
      'done',
    ])
    expect(['6.1', '6.11', '6.12'].map((release) => listed(release, 0x38f))).toEqual(['failed', 'failed', 'done'])
    expect(kernel('6.12').access('write', 'host', { index: 0x38f, data: 1n }, surroundings).kind).toBe('failed')
  })

  test('with ignore_msrs everybody reads 0 from what is not there, and writes in vain', () => {
    const lax = { ...surroundings, host: { ...surroundings.host, ignoreMsrs: true } }
    expect(kernel('6.12').access('read', 'guest', { index: 0x9999, data: 0n }, lax)).toMatchObject({
      kind: 'done',
      data: 0n,
    })
    expect(kernel('6.12').access('write', 'guest', { index: 0x9999, data: 5n }, lax)).toMatchObject({
      kind: 'done',
      keeps: false,
    })
    expect(kernel('6.12').access('write', 'guest', { index: 0x277, data: 2n }, lax).kind).toBe('failed')
  })
})

describe('guests', () => {
  const guest = (release: string, access: 'read' | 'write', index: number, data: bigint, wants = {}) =>
    kernel(release).guest(access, { index, data }, surroundings, wants)

  test('a failed access is a fault, or an exit whose reason tells an unknown MSR from a bad value and a filter', () => {
    const fault = { kind: 'fault', vector: 13, errorCode: 0 }
    expect(guest('6.12', 'write', 0x9999, 1n)).toEqual(fault)
    expect(guest('6.12', 'write', 0x9999, 1n, { mask: 2 })).toEqual({
      kind: 'exit',
      reason: 'x86-wrmsr',
      msr: { reason: 2, index: 0x9999, data: 1n, error: 0 },
    })
    expect(guest('6.12', 'write', 0x277, 2n, { mask: 2 })).toEqual(fault)
    expect(guest('6.12', 'write', 0x277, 2n, { mask: 1 })).toMatchObject({ kind: 'exit', msr: { reason: 1 } })
    const filter = { allowsByDefault: false, ranges: [] }
    expect(guest('6.12', 'read', 0x10, 0n, { mask: 4, filter })).toMatchObject({
      kind: 'exit',
      reason: 'x86-rdmsr',
      msr: { reason: 4, data: 0n },
    })
    expect(guest('6.12', 'read', 0x10, 0n, { filter })).toEqual(fault)
  })

  test.each([
    ['the first byte of a bitmap on any page', ['CET_IBT'], 0x1004n, 'done', 'failed'],
    ['one on four pages', ['CET_IBT'], 0x4004n, 'done', 'done'],
    ['one at no address', ['CET_IBT'], 1n << 62n, 'fault', 'done'],
    ['a reserved bit', ['CET_SS', 'CET_IBT'], 0x40n, 'fault', 'failed'],
    ['SUPPRESS with TRACKER', ['CET_IBT'], 0xc04n, 'fault', 'failed'],
    ['shadow stacks, with no more than tracking', ['CET_IBT'], 1n, 'done', 'failed'],
    ['shadow stacks, with neither', [], 1n, 'exit', 'failed'],
  ] as const)(
    'what the processor takes for IA32_S_CET from a guest, and KVM from user space, differs: %s',
    (_, list, data, byGuest, byHost) => {
      const around = after({ features: new Set<Feature>(list) })
      const entry = { index: 0x6a2, data }
      expect(kernel('6.18').guest('write', entry, around, { mask: 3 }).kind).toBe(byGuest)
      expect(kernel('6.18').access('write', 'host', entry, around).kind).toBe(byHost)
    },
  )

  test('a filter does not hold the registers of an x2APIC back', () => {
    const filter = { allowsByDefault: false, ranges: [] }
    const x2apic = after({ localApic: 'x2apic' })
    expect(kernel('6.12').guest('read', { index: 0x802, data: 0n }, x2apic, { filter }).kind).toBe('done')
    expect(kernel('6.12').guest('read', { index: 0x10, data: 0n }, x2apic, { filter }).kind).toBe('fault')
  })

  test('a range of a filter decides for its access only, the first that does, and a clear bit denies', () => {
    const filter = {
      allowsByDefault: true,
      ranges: [
        { flags: 2, base: 0x10, count: 1, bitmap: new Uint8Array([0]) },
        { flags: 3, base: 0x10, count: 1, bitmap: new Uint8Array([1]) },
      ],
    }
    expect(guest('6.12', 'read', 0x10, 0n, { filter }).kind).toBe('done')
    expect(guest('6.12', 'write', 0x10, 0n, { filter }).kind).toBe('fault')
  })

  test('a paravirtual MSR that CPUID lacks is invalid or unknown by release, where CPUID is enforced', () => {
    const strict = { ...surroundings, vm: { ...plainVm, enforcePvCpuid: true } }
    const reason = (release: string) => {
      const answer = kernel(release).guest('read', { index: 0x4b56_4d03, data: 0n }, strict, { mask: 3 })
      return answer.kind === 'exit' ? answer.msr.reason : 0
    }
    expect(['6.1.166', '6.1.167', '6.6', '6.12.74', '6.12.75', '6.18', '7.0'].map(reason)).toEqual([
      1, 2, 1, 1, 2, 1, 2,
    ])
    expect(kernel('6.12').guest('read', { index: 0x4b56_4d03, data: 0n }, surroundings).kind).toBe('done')
  })
})

describe('single registers', () => {
  const write = (release: string, initiator: 'guest' | 'host', index: number, data: bigint, around = surroundings) =>
    kernel(release).access('write', initiator, { index, data }, around)

  test('IA32_FEATURE_CONTROL: before 6.2 CPUID came first for user space, too, and 0 leaves nested operation', () => {
    const bare = after({ features: new Set() })
    expect(['6.1', '6.2'].map((release) => write(release, 'host', 0x3a, 5n, bare).kind)).toEqual(['failed', 'done'])
    expect(write('6.12', 'host', 0x3a, 0n)).toMatchObject({ effects: ['leave nested operation'] })
    expect(write('6.12', 'guest', 0x3a, 1n, after({ values: new Map([[0x3a, 5n]]) })).kind).toBe('failed')
  })

  test('HWCR could not be cleared before 6.7, and takes TSC_FREQ_SEL since', () => {
    const set = { ...after({ values: new Map([[0xc001_0015, 1n << 18n]]) }), host: amdHost }
    expect(['6.6', '6.7'].map((release) => write(release, 'guest', 0xc001_0015, 0n, set))).toMatchObject([
      { keeps: false },
      { keeps: true, data: 0n },
    ])
    expect(['6.6', '6.7'].map((release) => write(release, 'guest', 0xc001_0015, 1n << 24n, set).kind)).toEqual([
      'failed',
      'done',
    ])
    expect(write('6.6', 'guest', 0xc001_0015, 0x4_0148n, set)).toMatchObject({ data: 0x4_0000n })
  })

  test('addresses: as wide as the guest’s now, then as wide as the hardware’s', () => {
    const narrow = { ...surroundings, host: { ...surroundings.host, linearAddressWidth: 57 as const } }
    expect(
      ['6.12.40', '6.12.41', '6.13'].map((release) => write(release, 'guest', 0xc000_0082, 1n << 50n, narrow).kind),
    ).toEqual(['failed', 'done', 'done'])
    expect(write('6.12.40', 'host', 0x175, 1n << 47n, narrow)).toMatchObject({ data: 0xffff_8000_0000_0000n })
    expect(write('6.12.41', 'host', 0x175, 1n << 47n, narrow)).toMatchObject({ data: 1n << 47n })
  })

  test('IA32_EFER: a guest needs its features, user space only the host’s, and LMA stays', () => {
    expect(write('6.12', 'guest', 0xc000_0080, 0x1000n).kind).toBe('failed')
    expect(write('6.12', 'host', 0xc000_0080, 0x500n)).toMatchObject({ kind: 'done', data: 0x100n })
    const paging = after({ paging: true, values: new Map([[0xc000_0080, 0x500n]]) })
    expect(write('6.12', 'guest', 0xc000_0080, 0n, paging).kind).toBe('failed')
    expect(write('6.12', 'host', 0xc000_0080, 0n, paging)).toMatchObject({ data: 0x400n })
  })

  test('a register of a later release is unknown to an earlier one', () => {
    expect(['6.3', '6.4'].map((release) => write(release, 'host', 0x10b, 1n).kind)).toEqual(['failed', 'done'])
    expect(
      ['5.16', '5.17'].map(
        (release) => kernel(release).access('read', 'host', { index: 0x1c4, data: 0n }, surroundings).kind,
      ),
    ).toEqual(['failed', 'done'])
  })

  test('what nobody has read is told with the answer', () => {
    const answer = write('6.2', 'host', 0x4000_0118, 1n)
    expect(answer.unread.map(({ id }) => id)).toContain('msr-no-handler')
  })

  test('restoring the MSR of Xen’s hypercall page writes it, until only a guest does', () => {
    const xen = { ...surroundings, vm: { ...plainVm, xenMsr: 0x4000_0200 } }
    expect(write('6.12', 'host', 0x4000_0200, 0x1000n, xen)).toMatchObject({ effects: ['write Xen hypercall page'] })
    expect(write('6.15', 'host', 0x4000_0200, 0x1000n, xen).kind).toBe('failed')
    expect(write('6.15', 'guest', 0x4000_0200, 0x1000n, xen).kind).toBe('done')
  })
})

test('no access to any MSR, in any release, by anybody, throws', () => {
  const indexes = [...msrs.map(({ index }) => index), 0x9999, -1, 2 ** 32 - 1]
  const rich = {
    ...surroundings,
    vcpu: {
      ...surroundings.vcpu,
      features: new Set<Feature>(features),
      perfmon: { version: 2, generalCounters: 8, fixedCounters: 3 },
    },
  }
  const kinds = new Set<string>()
  for (const release of ['5.4.0', '6.1.0', '7.0.0'] as const) {
    const each = msrKernel(profileOf(release))
    for (const around of [surroundings, rich, { ...rich, host: amdHost }])
      for (const index of indexes)
        for (const data of [0n, -1n, 1n << 63n]) {
          kinds.add(each.set({ index, data }, around).kind)
          kinds.add(each.guest('write', { index, data }, around).kind)
          kinds.add(each.guest('read', { index, data }, around).kind)
        }
  }
  expect([...kinds].sort()).toEqual(['done', 'failed', 'fault'])
})
