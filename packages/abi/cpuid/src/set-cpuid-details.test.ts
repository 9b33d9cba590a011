import { describe, expect, test } from 'vitest'
import { type CpuidTable, entry, findEntry } from './entry.ts'
import { getCpuid2 } from './get-cpuid2.ts'
import { type Host, hostOf } from './host.ts'
import type { Where } from './kernel-of.ts'
import { type SetCpuid, setCpuid } from './set-cpuid.ts'
import type { DerivedState } from './set-cpuid-call.ts'

/** The rest of what the calls do, a line for each thing; the history of the rules is in set-cpuid.test.ts. */

const hardware: CpuidTable = [
  entry(0, { eax: 0xd }),
  entry(1, { ecx: 1 << 26 }),
  entry(7, { ecx: (1 << 3) | (1 << 7) }, 0),
  entry(0xd, { eax: 0x6_0207 }, 0),
  entry(0xd, { eax: 0b1010, ecx: 0x1800 }, 1),
]
const host: Host = hostOf(hardware, { vendorModule: 'kvm_intel' })
const withNx: Host = hostOf([...hardware, entry(0x8000_0001, { edx: 1 << 20 })], { vendorModule: 'kvm_intel' })
const shadowing: Host = hostOf(hardware, { vendorModule: 'kvm_intel', params: { 'kvm_intel.ept': 0 } })

type Kernel = Where['kernel']
const table: CpuidTable = [entry(0, { eax: 0xd }), entry(1, {})]
const tiles: CpuidTable = [...table, entry(0xd, { eax: 0x6_0007 }, 0)]
const hyperv: CpuidTable = [...table, entry(0x4000_0001, { eax: 0x3123_7648 })]

function told(kernel: Kernel, request: SetCpuid): string {
  const answer = setCpuid({ kernel, host }, request)
  return answer.kind === 'refused' ? `${answer.errno} ${answer.rule}` : 'taken'
}

function derived(kernel: Kernel, of: CpuidTable, on: Host = host): DerivedState | undefined {
  return setCpuid({ kernel, host: on }, { table: of, permitted: 1n << 18n }).vcpu.derived
}

test.each<[string, Kernel, SetCpuid, string]>([
  ['a header that cannot be read', '6.12', { table: [], unreadable: 'header' }, 'EFAULT set-cpuid-header-copy'],
  ['no memory for the entries', '6.12', { table, failing: 'entries' }, 'ENOMEM set-cpuid-entries-no-memory'],
  ['no memory, where none was needed', '5.9', { table, failing: 'entries' }, 'taken'],
  [
    'no memory for legacy entries',
    '5.9',
    { table, failing: 'entries', call: 'KVM_SET_CPUID' },
    'ENOMEM set-cpuid-entries-no-memory',
  ],
  [
    'no memory for converted entries',
    '6.12',
    { table, failing: 'converted entries', call: 'KVM_SET_CPUID' },
    'ENOMEM set-cpuid-converted-no-memory',
  ],
  ['nothing to convert', '6.12', { table, failing: 'converted entries' }, 'taken'],
  ['no memory for Hyper-V', '6.1', { table: hyperv, failing: 'Hyper-V context' }, 'ENOMEM set-cpuid-hyperv-no-memory'],
  ['no memory for Hyper-V, untold', '6.0', { table: hyperv, failing: 'Hyper-V context' }, 'taken'],
  [
    'no memory for tiles',
    '6.12',
    { table: tiles, permitted: 1n << 18n, failing: 'FPU state' },
    'EFAULT set-cpuid-dynamic-xfeatures-no-memory',
  ],
  [
    '57 bits of virtual addresses',
    '4.13.0',
    { table: [...table, entry(0x8000_0008, { eax: 0x392e })] },
    'EINVAL set-cpuid-vaddr-width-48',
  ],
  [
    'a table after the first run, as was asked for',
    { kernel: '5.4.302', bugs: 'as-released', proposals: ['ask-cpuid-after-power-on'] },
    { table, vcpu: { hasRun: true } },
    'EBUSY ask-cpuid-after-power-on',
  ],
])('%s in %o', (_, kernel, request, answer) => {
  expect(told(kernel, request)).toBe(answer)
})

describe('registers', () => {
  const rows = [entry(1, { ecx: 1 << 3 }), entry(7, {}, 0)]
  const stored = (kernel: Kernel, mwaitFollows: boolean) => {
    const registers = { cr4: 1n << 22n, miscEnable: 0n }
    return setCpuid({ kernel, host }, { table: rows, vcpu: { registers }, vm: { mwaitFollows } }).stored
  }
  test('show PKE as OSPKE: where the host has PKU, and since 6.14 everywhere', () => {
    expect(findEntry(stored('6.12', false), 7, 0)?.ecx).toBe(1 << 4)
    const bare = hostOf(table, { vendorModule: 'kvm_intel' })
    const on = (kernel: Kernel) =>
      setCpuid({ kernel, host: bare }, { table: rows, vcpu: { registers: { cr4: 1n << 22n } } }).stored[1]?.ecx
    expect([on('6.13'), on('6.14')]).toEqual([0, 1 << 4])
  })
  test('show IA32_MISC_ENABLE as MONITOR where the quirk is off', () => {
    expect([stored('6.12', true)[0]?.ecx, stored('6.12', false)[0]?.ecx]).toEqual([0, 1 << 3])
    expect(stored('6.16', true)[0]?.ecx).toBe(0)
    expect(stored('5.2', true)[0]?.ecx).toBe(1 << 3)
  })
})

describe('what KVM remembers', () => {
  test('of XCR0: what it knows to save', () => {
    expect(derived('5.15', tiles)?.guestSupportedXcr0).toBe(7n)
    expect(derived('6.12', tiles)?.guestSupportedXcr0).toBe(0x6_0007n)
  })
  test('of IA32_XSS since 6.18: CET', () => {
    const asks = [...table, entry(0xd, { eax: 0b1010, ecx: 0x1900 }, 1)]
    const saving = hostOf(
      hardware.map((row) => (row.function === 1 ? { ...row, ecx: 1 << 26 } : row)),
      { vendorModule: 'kvm_intel' },
    )
    expect(derived('6.17', asks, saving)?.guestSupportedXss).toBe(0n)
    expect(derived('6.18', asks, saving)?.guestSupportedXss).toBe(0x1800n)
  })
  test('of the vendor', () => {
    const amd = [entry(0, { eax: 1, ebx: 0x6874_7541, ecx: 0x444d_4163, edx: 0x6974_6e65 })]
    expect([derived('6.1', amd)?.vendorRules, derived('6.1', table)?.vendorRules]).toEqual(['amd', 'intel'])
  })
  test('of 1-GByte pages: the table until 6.5, then the host, unless it shadows page tables', () => {
    const asks = [...table, entry(0x8000_0001, { edx: 1 << 26 })]
    const answers = [derived('6.5', asks), derived('6.6', asks), derived('6.6', asks, shadowing)]
    expect(answers.map((each) => each?.gbpages)).toEqual([true, false, true])
  })
  test('of CR4: which bits are reserved', () => {
    const smep = [...table, entry(7, { ebx: 1 << 7 }, 0)]
    const bit = 1n << 20n
    expect((derived('6.1', smep)?.cr4Reserved ?? 0n) & bit).toBe(0n)
    expect((derived('6.1', table)?.cr4Reserved ?? 0n) & bit).toBe(bit)
    expect((derived('6.18', smep)?.cr4Reserved ?? 0n) & bit).toBe(bit)
  })
  test('of Hyper-V: everybody has it until 5.11', () => {
    const answers = [derived('5.11', table), derived('5.12', table), derived('5.12', hyperv)]
    expect(answers.map((each) => each?.hyperv)).toEqual([true, false, true])
  })
  test('of the timer: its TSC-deadline mode, where the APIC is in the kernel', () => {
    const deadline = [entry(1, { ecx: 1 << 24 })]
    expect(derived('6.1', deadline)?.tscDeadline).toBe(true)
    const elsewhere = setCpuid({ kernel: '6.1', host }, { table: deadline, vcpu: { apicInKernel: false } })
    expect(elsewhere.vcpu.derived?.tscDeadline).toBe(false)
  })
  test('is made anew for a new table, and not for the same one after a run', () => {
    const once = setCpuid({ kernel: '6.12', host }, { table })
    const again = setCpuid({ kernel: '6.12', host }, { table: once.stored, vcpu: { ...once.vcpu, hasRun: true } })
    expect([once.effects, again.effects]).toEqual([[{ kind: 'derived-anew' }], []])
  })
})

test('the legacy call took NX away on hosts without it until 5.13, and said so', () => {
  const asks = [...table, entry(0x8000_0001, { edx: 1 << 20 })]
  const nx = (kernel: Kernel, on: Host, call: SetCpuid['call'] = 'KVM_SET_CPUID') => {
    const { stored, effects } = setCpuid({ kernel, host: on }, { table: asks, call })
    return [findEntry(stored, 0x8000_0001, 0)?.edx, effects.filter(({ kind }) => kind === 'logged').length]
  }
  expect(nx('5.9', host)).toEqual([0, 1])
  expect(nx('5.13', host)).toEqual([0, 1])
  expect(nx('5.14', host)).toEqual([1 << 20, 0])
  expect(nx('5.13', withNx)).toEqual([1 << 20, 0])
  expect(nx('5.13', host, 'KVM_SET_CPUID2')).toEqual([1 << 20, 0])
})

test.each<[Parameters<typeof getCpuid2>[1]['unusable'], string]>([
  ['header', 'EFAULT get-cpuid2-header-copy'],
  ['header, to write', 'EFAULT get-cpuid2-header-write'],
  [{ afterEntries: 1 }, 'EFAULT get-cpuid2-entries-copy'],
])('KVM_GET_CPUID2 with %o that cannot be used answers %s', (unusable, said) => {
  const answer = getCpuid2(
    { kernel: '6.12', host },
    { nent: 9, vcpu: { current: table }, ...(unusable && { unusable }) },
  )
  expect(answer.kind === 'refused' && `${answer.errno} ${answer.rule}`).toBe(said)
})

test('a fault in the entries comes after the number has been compared', () => {
  const request = { nent: 1, vcpu: { current: table }, unusable: { afterEntries: 0 } }
  expect(getCpuid2({ kernel: '6.12', host }, request)).toMatchObject({ errno: 'E2BIG' })
})

test("page walks go by the host's width with two-dimensional paging, but for a parameter of kvm_intel", () => {
  const of = [...table, entry(0x8000_0000, { eax: 0x8000_0008 }), entry(0x8000_0008, { eax: 0x302e })]
  const walked = (kernel: Kernel, guestBits: number, params: Host['params']) => {
    const on = { ...host, physicalAddressWidth: 52, params }
    const next = [...of.slice(0, -1), entry(0x8000_0008, { eax: 0x3000 | guestBits })]
    return derived(kernel, next, on)?.walkedWidth
  }
  const [smaller, shadows] = [{ 'kvm_intel.allow_smaller_maxphyaddr': 1 }, { 'kvm_intel.ept': 0 }]
  expect([walked('6.12', 46, {}), walked('6.12', 46, smaller), walked('6.12', 46, shadows)]).toEqual([52, 46, 46])
  expect([walked('6.12', 57, smaller), walked('5.8', 46, smaller), walked('5.10', 46, smaller)]).toEqual([52, 52, 46])
  expect(setCpuid({ kernel: '5.9', host }, { table: of }).unread.map(({ id }) => id)).toContain('maxphyaddr-walked')
})
