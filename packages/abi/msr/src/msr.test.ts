import type { Feature } from '@vmm/cpuid'
import { expect, test } from 'vitest'
import {
  canonicalForm,
  createMsrFile,
  decideWrite,
  isCanonical,
  type MsrFileOptions,
  msrAt,
  type Surroundings,
} from './index.ts'

const guest: Surroundings = { initiator: 'guest', cr0Paging: true, linearAddressWidth: 48 }
const host: Surroundings = { ...guest, initiator: 'host' }
const everything = () => true
const only =
  (...features: Feature[]) =>
  (feature: Feature) =>
    features.includes(feature)

const file = (options: Partial<MsrFileOptions> = {}) => createMsrFile({ has: everything, ...options })

test('an unknown index is refused as unknown, for guest and host, whatever its sign', () => {
  const msrs = file()
  expect(msrs.read(0x999)).toEqual({ kind: 'refused', reason: 'unknown', says: 'nobody knows MSR 0x999' })
  expect(msrs.write(-1, 0n, host)).toMatchObject({
    kind: 'refused',
    reason: 'unknown',
    says: 'nobody knows MSR 0xffffffff',
  })
})

test('a plain register keeps what is written', () => {
  const msrs = file()
  expect(msrs.write(0x48, 5n, guest)).toEqual({ kind: 'stored', value: 5n })
  expect(msrs.read(0x48)).toEqual({ kind: 'value', value: 5n })
})

test('a refused write changes nothing', () => {
  const msrs = file()
  msrs.write(0x277, 0x0606_0606_0606_0606n, guest)
  expect(msrs.write(0x277, 0x0206_0606_0606_0606n, guest)).toMatchObject({ kind: 'refused', reason: 'invalid' })
  expect(msrs.read(0x277)).toEqual({ kind: 'value', value: 0x0606_0606_0606_0606n })
})

test('a register whose features are missing is absent for the guest and there for the host', () => {
  const msrs = file({ has: only() })
  expect(msrs.read(0x10a)).toMatchObject({ reason: 'absent', says: expect.stringContaining('ARCH_CAPABILITIES') })
  expect(msrs.write(0x48, 0n, guest)).toMatchObject({ reason: 'absent' })
  expect(msrs.read(0x48, 'host')).toEqual({ kind: 'value', value: 0n })
  expect(msrs.write(0x48, 1n, host)).toEqual({ kind: 'stored', value: 1n })
})

test('IA32_SPEC_CTRL has the bits of the features present, and no others', () => {
  const msrs = file({ has: only('SPEC_CTRL', 'BHI_CTRL') })
  expect(msrs.write(0x48, 0x401n, guest).kind).toBe('stored')
  expect(msrs.write(0x48, 0x2n, guest)).toMatchObject({ says: 'bit 1 of IA32_SPEC_CTRL is reserved' })
})

test('AMD has its own names for the same bits of IA32_SPEC_CTRL', () => {
  const msrs = file({ has: only('AMD_STIBP'), vendor: 'amd' })
  expect([msrs.write(0x48, 2n, guest).kind, msrs.write(0x48, 1n, guest).kind]).toEqual(['stored', 'refused'])
})

test('IA32_ARCH_CAPABILITIES says that nothing speculates, and a guest cannot change it', () => {
  const msrs = file()
  const value = msrs.read(0x10a)
  expect(value).toEqual({ kind: 'value', value: 0x4000_0000_0d10_e17bn })
  expect(msrs.write(0x10a, 0n, guest)).toMatchObject({ says: 'IA32_ARCH_CAPABILITIES is read-only' })
  expect(msrs.write(0x10a, 1n, host)).toEqual({ kind: 'stored', value: 1n })
})

const EFER = msrAt(0xc000_0080)!
const write = (before: bigint, after: bigint, cr0Paging: boolean, initiator: 'guest' | 'host' = 'guest') => ({
  initiator,
  before,
  after,
  cr0Paging,
  linearAddressWidth: 48 as const,
})
const cpu = (has: (feature: Feature) => boolean) => file({ has }).guest

test('IA32_EFER.LMA cannot be written, only kept', () => {
  const plain = cpu(only('SYSCALL', 'LM', 'NX'))
  expect(decideWrite(EFER, write(0x500n, 0x901n, false), plain)).toEqual({ kind: 'stored', value: 0xd01n })
  expect(decideWrite(EFER, write(0n, 0x400n, false), plain)).toEqual({ kind: 'stored', value: 0n })
})

test('IA32_EFER.LME does not change while paging is on, but for the host', () => {
  const plain = cpu(only('SYSCALL', 'LM', 'NX'))
  expect(decideWrite(EFER, write(0n, 0x100n, true), plain)).toMatchObject({ kind: 'refused', reason: 'invalid' })
  expect(decideWrite(EFER, write(0n, 0x100n, true, 'host'), plain)).toEqual({ kind: 'stored', value: 0x100n })
  expect(decideWrite(EFER, write(0x100n, 0x101n, true), plain)).toEqual({ kind: 'stored', value: 0x101n })
})

test.each([
  ['NXE', 0x800n, 'NX'],
  ['SCE', 0x1n, 'SYSCALL'],
  ['SVME', 0x1000n, 'SVM'],
  ['FFXSR', 0x4000n, 'FFXSR'],
] as const)('IA32_EFER.%s needs its feature', (_, value, feature) => {
  expect(
    decideWrite(
      EFER,
      write(0n, value, false),
      cpu((f) => f !== feature),
    ).kind,
  ).toBe('refused')
  expect(decideWrite(EFER, write(0n, value, false), cpu(only('LM', feature))).kind).toBe('stored')
})

test('a register that lives elsewhere says where, after its verdict', () => {
  const msrs = file({ readElsewhere: (kept) => (kept === 'engine:EFER' ? 0x500n : 0n) })
  expect(msrs.read(0xc000_0080)).toEqual({ kind: 'elsewhere', kept: 'engine:EFER', index: 0xc000_0080 })
  expect(msrs.write(0xc000_0080, 0x901n, { ...guest, cr0Paging: false })).toEqual({
    kind: 'elsewhere',
    kept: 'engine:EFER',
    index: 0xc000_0080,
    value: 0xd01n,
  })
  expect(msrs.write(0x10, 7n, guest)).toMatchObject({ kept: 'clock:TSC', value: 7n })
  expect(msrs.write(0x830, 7n, guest)).toMatchObject({ kept: 'apic', index: 0x830, value: 7n })
  expect(msrs.write(0x4b56_4d01, 0x1001n, guest)).toMatchObject({ kept: 'kvmclock' })
})

test.each([0xc000_0082, 0xc000_0083, 0xc000_0100, 0xc000_0101, 0xc000_0102])(
  'MSR %d takes canonical addresses only, of the width in use',
  (index) => {
    const msrs = file()
    const high = 0xffff_8000_0000_0000n
    expect(msrs.write(index, high, guest)).toMatchObject({ kind: 'elsewhere', value: high })
    expect(msrs.write(index, 1n << 50n, guest)).toMatchObject({ kind: 'refused', reason: 'invalid' })
    expect(msrs.write(index, 1n << 50n, { ...guest, linearAddressWidth: 57 }).kind).toBe('elsewhere')
  },
)

test('SYSENTER addresses are made canonical, and the selector keeps 32 bits', () => {
  const msrs = file()
  expect(msrs.write(0x175, 1n << 47n, guest)).toMatchObject({ value: 0xffff_8000_0000_0000n })
  expect(msrs.write(0x176, 1n << 50n, guest)).toMatchObject({ value: 0n })
  expect(msrs.write(0x174, 0x1_0000_0010n, guest)).toMatchObject({ value: 0x10n })
})

test('an address is canonical when its high bits repeat the highest used', () => {
  expect([isCanonical(1n << 46n, 48), isCanonical(1n << 47n, 48), isCanonical(1n << 47n, 57)]).toEqual([
    true,
    false,
    true,
  ])
  expect(canonicalForm(0x1234_8000_0000_0000n, 48)).toBe(0xffff_8000_0000_0000n)
})

test('IA32_TSC_AUX has 32 bits: Intel refuses more, AMD forgets them', () => {
  expect(file().write(0xc000_0103, 1n << 32n, guest)).toMatchObject({ kind: 'refused' })
  expect(file({ vendor: 'amd' }).write(0xc000_0103, (1n << 32n) | 5n, guest)).toMatchObject({ value: 5n })
})

test('IA32_FEATURE_CONTROL can be locked by a guest, and then only the host writes it', () => {
  const msrs = file({ has: only() })
  expect(msrs.write(0x3a, 5n, guest)).toMatchObject({ says: 'bit 2 of IA32_FEATURE_CONTROL is reserved' })
  expect(msrs.write(0x3a, 1n, guest).kind).toBe('stored')
  expect(msrs.write(0x3a, 0n, guest)).toMatchObject({ says: 'IA32_FEATURE_CONTROL is locked' })
  expect(msrs.write(0x3a, 0n, host).kind).toBe('stored')
})

test('IA32_MISC_ENABLE can be read before anything else works, and shows MONITOR where that is', () => {
  expect(file({ has: only() }).read(0x1a0)).toEqual({ kind: 'value', value: 0x1801n })
  expect(file({ has: only('MONITOR') }).read(0x1a0)).toEqual({ kind: 'value', value: 0x4_1801n })
})

test('IA32_MISC_ENABLE: the unavailable bits cannot be changed, and EMON is ignored', () => {
  const msrs = file({ has: only('MONITOR') })
  expect(msrs.write(0x1a0, 0x801n, guest)).toMatchObject({ kind: 'refused' })
  expect(msrs.write(0x1a0, 0x1881n, guest)).toEqual({ kind: 'stored', value: 0x1801n })
  expect(msrs.write(0x1a0, 1n << 2n, guest)).toMatchObject({ says: 'bit 2 of IA32_MISC_ENABLE is reserved' })
})

test('the microcode revision is the host’s: a guest writes it in vain', () => {
  const msrs = file()
  expect(msrs.write(0x8b, 0n, guest).kind).toBe('stored')
  expect(msrs.read(0x8b)).toEqual({ kind: 'value', value: 1n << 32n })
  msrs.write(0x8b, 7n << 32n, host)
  expect(msrs.read(0x8b)).toEqual({ kind: 'value', value: 7n << 32n })
})

test.each([
  ['PRED_CMD', 0x49, 1n],
  ['FLUSH_CMD', 0x10b, 1n],
])('IA32_%s is a command: written, never read', (_, index, value) => {
  const msrs = file()
  expect(msrs.write(index, value, guest)).toEqual({ kind: 'stored', value: 0n })
  expect(msrs.write(index, 2n, guest)).toMatchObject({ kind: 'refused' })
  expect(msrs.read(index)).toMatchObject({ kind: 'refused', reason: 'invalid' })
})

test('memory types: IA32_PAT takes UC-, an MTRR does not, and neither takes 2 or 3', () => {
  const msrs = file()
  expect(msrs.write(0x277, 0x0707_0707_0707_0707n, guest).kind).toBe('stored')
  expect(msrs.write(0x250, 0x0707_0707_0707_0707n, guest).kind).toBe('refused')
  for (const type of [2n, 3n, 8n, 0xffn]) {
    expect(msrs.write(0x277, type << 56n, guest).kind).toBe('refused')
    expect(msrs.write(0x26f, type, guest).kind).toBe('refused')
    expect(msrs.write(0x2ff, type, guest).kind).toBe('refused')
    expect(msrs.write(0x200, type, guest).kind).toBe('refused')
  }
})

test('a variable MTRR holds addresses of the width this CPU has', () => {
  const msrs = file({ physicalAddressWidth: 40 })
  expect(msrs.write(0x201, (1n << 39n) | 0x800n, guest).kind).toBe('stored')
  expect(msrs.write(0x201, 1n << 40n, guest).kind).toBe('refused')
  expect(msrs.write(0x200, 0x100n, guest)).toMatchObject({ says: 'bit 8 of IA32_MTRR_PHYSBASE0 is reserved' })
  expect(msrs.read(0x210)).toMatchObject({ reason: 'unknown' })
})

test('IA32_MTRRCAP tells of as many variable ranges as there are', () => {
  const msrs = file()
  const cap = msrs.read(0xfe)
  const count = cap.kind === 'value' ? Number(cap.value & 0xffn) : 0
  expect(count).toBe(8)
  expect([msrs.read(0x201 + 2 * (count - 1)).kind, msrs.read(0x200 + 2 * count).kind]).toEqual(['value', 'refused'])
})

test('machine-check banks exist as IA32_MCG_CAP counts them', () => {
  const msrs = file()
  expect([msrs.read(0x400 + 4 * 9).kind, msrs.read(0x400 + 4 * 10).kind]).toEqual(['value', 'refused'])
  expect(msrs.read(0x280)).toMatchObject({ reason: 'absent' })
  const more = file({ resetValues: new Map([[0x179, 0x100_0c20n]]) })
  expect([more.read(0x400 + 4 * 31).kind, more.read(0x280 + 31).kind, more.read(0x17b).kind]).toEqual([
    'value',
    'value',
    'refused',
  ])
})

test('IA32_MCi_CTL is all or nothing, but for two bits; IA32_MCi_STATUS is only cleared', () => {
  const msrs = file()
  for (const good of [0n, -1n, ~0x400n, ~1n]) expect(msrs.write(0x404, good, guest).kind).toBe('stored')
  expect(msrs.write(0x404, 2n, guest).kind).toBe('refused')
  expect(msrs.write(0x405, 1n, guest).kind).toBe('refused')
  expect(msrs.write(0x405, 1n, host).kind).toBe('stored')
  expect(msrs.write(0x405, 0n, guest).kind).toBe('stored')
})

test('AMD lets a guest write a status once HWCR.McStatusWrEn is set', () => {
  const msrs = file({ vendor: 'amd' })
  expect(msrs.write(0x405, 1n, guest).kind).toBe('refused')
  expect(msrs.write(0xc001_0015, (1n << 18n) | 0x148n, guest)).toEqual({ kind: 'stored', value: 1n << 18n })
  expect(msrs.write(0x405, 1n, guest).kind).toBe('stored')
})

test('the other vendor’s registers are absent', () => {
  expect(file().read(0xc001_0015)).toMatchObject({ reason: 'absent' })
  expect(file({ vendor: 'amd' }).read(0x1a0)).toMatchObject({ reason: 'absent' })
})

test('IA32_APIC_BASE: reserved bits, the width of addresses, and no x2APIC without its feature', () => {
  const msrs = file({ has: only('APIC', 'MSR'), physicalAddressWidth: 40 })
  expect(msrs.write(0x1b, 0xfee0_0900n, guest)).toMatchObject({ kind: 'elsewhere', kept: 'apic', value: 0xfee0_0900n })
  expect(msrs.write(0x1b, 0xfee0_0801n, guest).kind).toBe('refused')
  expect(msrs.write(0x1b, 1n << 40n, guest).kind).toBe('refused')
  expect(msrs.write(0x1b, 0xfee0_0c00n, guest)).toMatchObject({ says: 'bit 10 of IA32_APIC_BASE is reserved' })
  expect(file().write(0x1b, 0xfee0_0400n, guest)).toMatchObject({ says: 'IA32_APIC_BASE.EXTD needs EN' })
})

test('CPUID faulting needs MSR_PLATFORM_INFO to tell of it', () => {
  expect(file().write(0x140, 1n, guest)).toMatchObject({ kind: 'refused' })
  const able = file({ resetValues: new Map([[0xce, 1n << 31n]]) })
  expect(able.write(0x140, 1n, guest).kind).toBe('stored')
  expect(able.write(0x140, 2n, guest).kind).toBe('refused')
})

test('IA32_XSS has the components whose features are there', () => {
  const msrs = file({ has: only('XSAVES', 'CET_SS') })
  expect(msrs.write(0xda0, 0x1800n, guest)).toMatchObject({ kept: 'engine:XSS', value: 0x1800n })
  expect(msrs.write(0xda0, 0x100n, guest).kind).toBe('refused')
})

test.each([
  ['ASYNC_PF_EN', 0x4b56_4d02, 0x10n],
  ['STEAL_TIME', 0x4b56_4d03, 0x2n],
  ['PV_EOI_EN', 0x4b56_4d04, 0x2n],
  ['POLL_CONTROL', 0x4b56_4d05, 0x2n],
  ['ASYNC_PF_INT', 0x4b56_4d06, 0x100n],
])('MSR_KVM_%s has reserved bits', (_, index, reserved) => {
  expect(file().write(index, reserved, guest)).toMatchObject({ kind: 'refused', reason: 'invalid' })
  expect(file().write(index, 1n, guest).kind).not.toBe('refused')
})

test('a value is taken modulo 64 bits', () => {
  const msrs = file()
  expect(msrs.write(0x17a, -1n, guest)).toEqual({ kind: 'stored', value: (1n << 64n) - 1n })
})

test('what was saved can be restored into another file', () => {
  const first = file()
  first.write(0x277, 0n, guest)
  first.write(0x48, 1n, guest)
  const second = file()
  second.restore(first.save())
  expect(second.save()).toEqual(first.save())
  expect(() => second.restore([{ index: 0x10, value: 0n }])).toThrow(RangeError)
})

test('reset puts every register back', () => {
  const msrs = file()
  const fresh = msrs.save()
  msrs.write(0x277, 0n, guest)
  msrs.reset()
  expect(msrs.save()).toEqual(fresh)
})

test('no access to any index, with any value, throws', () => {
  const msrs = [file({ has: only() }), file(), file({ vendor: 'amd' })]
  const indexes = [...Array.from({ length: 0x1000 }, (_, i) => i), 0x4b56_4cff, 0xc000_0080, 0xc001_0015, -1, 2 ** 31]
  for (const one of msrs)
    for (const index of [...indexes, ...Array.from({ length: 16 }, (_, i) => 0x4b56_4d00 + i)])
      for (const value of [0n, 1n, -1n, 1n << 63n, 0x5555_5555_5555_5555n]) {
        for (const surroundings of [guest, host]) one.write(index, value, surroundings)
        expect(['value', 'elsewhere', 'refused']).toContain(one.read(index).kind)
      }
})

test('a constant is nobody’s to write, and the base of SMRAM is the host’s alone', () => {
  const msrs = file()
  expect(msrs.write(0x198, 0n, host)).toMatchObject({ says: 'IA32_PERF_STATUS is read-only' })
  expect([msrs.read(0x9e).kind, msrs.write(0x9e, 0n, guest).kind]).toEqual(['refused', 'refused'])
  expect(msrs.write(0x9e, 0xa_0000n, host).kind).toBe('stored')
  expect(msrs.read(0x9e, 'host')).toEqual({ kind: 'value', value: 0xa_0000n })
})

test('counters exist as CPUID counts them, and the two oldest always answer', () => {
  const none = file()
  expect([none.read(0xc1), none.read(0xc3).kind]).toEqual([{ kind: 'value', value: 0n }, 'refused'])
  none.write(0xc1, 5n, guest)
  expect(none.read(0xc1)).toEqual({ kind: 'value', value: 0n })
  const four = file({ perfmon: { version: 2, generalCounters: 4, fixedCounters: 3 } })
  four.write(0xc1, 5n, guest)
  expect(four.read(0xc1)).toEqual({ kind: 'value', value: 5n })
  expect([four.read(0xc4).kind, four.read(0xc5).kind, four.read(0x30b).kind]).toEqual(['value', 'refused', 'value'])
  expect(four.read(0x4c1).kind).toBe('refused')
})

test('Hyper-V’s registers are there for its guests, and with enforcement only those that CPUID grants', () => {
  const of = (enforced: boolean) =>
    file({ has: only('HV_MSR_HYPERCALL_AVAILABLE'), hyperV: { enforced, synicActive: false } })
  expect(file().read(0x4000_0000)).toMatchObject({ reason: 'absent' })
  expect([of(true).read(0x4000_0000).kind, of(true).read(0x4000_0002).kind]).toEqual(['elsewhere', 'refused'])
  expect(of(false).read(0x4000_0002).kind).toBe('elsewhere')
})
