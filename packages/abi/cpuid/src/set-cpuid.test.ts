import { inForce, type Profile, profileOf, promiseOf } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { type CpuidTable, changeEntry, entry, findEntry } from './entry.ts'
import { getCpuid2 } from './get-cpuid2.ts'
import { type Host, hostOf } from './host.ts'
import type { Where } from './kernel-of.ts'
import { clockUpdated, registersWritten } from './registers-written.ts'
import { kvmLeavesAt } from './rules/runtime/a-runtime-update.ts'
import { type SetCpuid, type SetCpuidAnswer, setCpuid } from './set-cpuid.ts'
import { setCpuid2Pipeline } from './set-cpuid-steps.ts'
import type { CpuidVcpu } from './set-cpuid-vcpu.ts'

const osxsave = 1 << 27
const hardware: CpuidTable = [
  entry(0x00, { eax: 0xd }),
  entry(0x01, { ecx: 1 << 26 }),
  entry(0x07, { ecx: 1 << 3 }, 0),
  entry(0x0d, { eax: 0x6_0207 }, 0),
  entry(0x0d, { eax: 0b1010 }, 1),
  entry(0x0d, { eax: 256, ebx: 576 }, 2),
  entry(0x0d, { eax: 8, ebx: 2688 }, 9),
  entry(0x0d, { eax: 64, ebx: 2752 }, 17),
  entry(0x0d, { eax: 8192, ebx: 2816, ecx: 2 }, 18),
  entry(0x8000_0008, { eax: 0x302e }),
]
const host: Host = hostOf(hardware, { vendorModule: 'kvm_intel' })

type Kernel = Where['kernel']
const set = (kernel: Kernel, request: SetCpuid): SetCpuidAnswer => setCpuid({ kernel, host }, request)
const after = (kernel: Kernel, request: SetCpuid): CpuidVcpu => set(kernel, request).vcpu
const tell = (answer: SetCpuidAnswer): string =>
  answer.kind === 'refused' ? `${answer.errno} ${answer.rule}` : 'taken'
const proposed = (kernel: '5.4.302' | '6.3.13' | '6.8.12', ...proposals: readonly string[]): Kernel => ({
  kernel,
  bugs: 'as-released',
  proposals,
})

const table: CpuidTable = [entry(0, { eax: 0xd }), entry(1, {}), entry(0x8000_0008, { eax: 0x302e })]
const wider: CpuidTable = changeEntry(table, 0x8000_0008, 0, () => ({ eax: 0x3034 }))
const flagged: CpuidTable = table.map((row, at) => (at === 0 ? { ...row, flags: 4 } : row))

describe('a table set after the vCPU has run', () => {
  test.each<[Kernel, same: string, other: string]>([
    ['5.4', 'taken', 'taken'],
    ['5.13', 'taken', 'taken'],
    ['5.15', 'taken', 'taken'],
    ['5.16.0', 'EINVAL set-cpuid-forbidden-after-run', 'EINVAL set-cpuid-forbidden-after-run'],
    ['5.16.2', 'EINVAL set-cpuid-forbidden-after-run', 'EINVAL set-cpuid-forbidden-after-run'],
    ['5.16.3', 'taken', 'EINVAL set-cpuid-immutable-after-run'],
    ['5.16.5', 'taken', 'EINVAL set-cpuid-immutable-after-run'],
    ['5.17', 'taken', 'EINVAL set-cpuid-immutable-after-run'],
    ['6.1', 'taken', 'EINVAL set-cpuid-immutable-after-run'],
    ['6.12', 'taken', 'EINVAL set-cpuid-immutable-after-run'],
    ['6.18', 'taken', 'EINVAL set-cpuid-immutable-after-run'],
    ['7.0', 'taken', 'EINVAL set-cpuid-immutable-after-run'],
  ])('in %s: the same is %s, another is %s', (kernel, same, other) => {
    const vcpu = { ...after(kernel, { table }), hasRun: true }
    expect(tell(set(kernel, { table: vcpu.current ?? [], vcpu }))).toBe(same)
    expect(tell(set(kernel, { table: wider, vcpu }))).toBe(other)
  })
  test('is refused in one line that can be followed', () => {
    const answer = set('6.1', { table: wider, vcpu: { hasRun: true, current: table } })
    expect(answer.kind === 'refused' && answer.says).toBe(
      'KVM_SET_CPUID2: EINVAL: once a vCPU has entered the guest, its CPUID table cannot change (set-cpuid-immutable-after-run, since 5.17 and 5.16.3; commit c6617c61e8fe (“KVM: x86: Partially allow KVM_SET_CPUID{,2} after KVM_RUN”))',
    )
    expect(answer.stored).toEqual(table)
  })
  test('may differ in flags in two releases only', () => {
    const vcpu = { hasRun: true, current: table }
    expect(tell(set('5.16.4', { table: flagged, vcpu }))).toBe('taken')
    expect(tell(set('5.16.5', { table: flagged, vcpu }))).toBe('EINVAL set-cpuid-flags-after-run')
  })
  test('is refused whatever its arguments are in 5.16.0; later a bad pointer comes first', () => {
    const request = { table, vcpu: { hasRun: true, current: table }, unreadable: 'header' } as const
    expect(tell(set('5.16.0', request))).toMatch(/^EINVAL/)
    expect(tell(set('5.17', request))).toMatch(/^EFAULT/)
  })
  test('is taken with two lines in the log in 5.14 and 5.15', () => {
    const vcpu = { hasRun: true, current: table }
    expect(set('5.15', { table: wider, vcpu }).effects.filter(({ kind }) => kind === 'logged')).toHaveLength(2)
    expect(set('5.13', { table: wider, vcpu }).effects.filter(({ kind }) => kind === 'logged')).toHaveLength(0)
  })
  test('in another order is another table', () => {
    const vcpu = { hasRun: true, current: table }
    expect(tell(set('6.12', { table: table.toReversed(), vcpu }))).toMatch(/^EINVAL/)
  })
})

describe('a table set while L2 is active, before the first run', () => {
  const vcpu = { l2Active: true, current: table }
  test.each<[Kernel, same: string, other: string]>([
    ['5.4', 'taken', 'taken'],
    ['6.18', 'taken', 'taken'],
    ['6.19', 'taken', 'taken'],
    ['7.0', 'taken', 'EINVAL set-cpuid-l2-active'],
    [proposed('5.4.302', 'rfc-cpuid-ebusy'), 'EBUSY rfc-cpuid-ebusy', 'EBUSY rfc-cpuid-ebusy'],
    [proposed('5.4.302', 'ask-cpuid-after-power-on'), 'taken', 'taken'],
  ])('in %o: the same is %s, another is %s', (kernel, same, other) => {
    expect(tell(set(kernel, { table, vcpu }))).toBe(same)
    expect(tell(set(kernel, { table: wider, vcpu }))).toBe(other)
  })
})

describe('a runtime update that is due', () => {
  const before = after('6.12', { table })
  const vcpu: CpuidVcpu = { ...before, hasRun: true, pending: true, registers: { cr4: 1n << 18n } }
  const same = { table: before.current ?? [], vcpu }
  test.each<[Kernel, string]>([
    ['6.15', 'EINVAL set-cpuid-immutable-after-run'],
    ['6.18.2', 'EINVAL set-cpuid-immutable-after-run'],
    ['6.18.3', 'taken'],
    ['6.18', 'taken'],
    ['6.19', 'taken'],
    [{ kernel: '6.15.0', bugs: 'fixed', proposals: [] }, 'taken'],
  ])('lets the same table be set again in %o: %s', (kernel, told) => {
    expect(tell(set(kernel, same))).toBe(told)
  })
  test('is lost with the refusal in 6.15: the guest never sees OSXSAVE', () => {
    const answer = set('6.15', same)
    expect(answer.effects).toEqual([{ kind: 'pending-update-lost' }])
    expect(answer.vcpu.pending).toBe(false)
    expect(findEntry(answer.stored, 1, 0)?.ecx).toBe(0)
  })
  test('stays done when another table is refused in 6.19', () => {
    const answer = set('6.19', { table: wider, vcpu })
    expect(tell(answer)).toMatch(/^EINVAL/)
    expect(findEntry(answer.stored, 1, 0)?.ecx).toBe(osxsave)
    expect(answer.vcpu.pending).toBe(false)
  })
  test('is done before the table is told since 6.15', () => {
    const told = getCpuid2({ kernel: '6.15', host }, { nent: 80, vcpu })
    const entries = told.kind === 'accepted' && told.entries !== 'kernel memory' ? told.entries : []
    expect(findEntry(entries, 1, 0)?.ecx).toBe(osxsave)
    expect(told.vcpu.pending).toBe(false)
  })
})

describe('KVM_FEATURE_PV_UNHALT of a VM whose HLT does not exit', () => {
  const bit = 1 << 7
  const leaves = (base: number) => [...table, ...kvmLeavesAt(base, bit)]
  test.each<[Kernel, base: number, first: number, second: number]>([
    ['5.4', 0x4000_0000, 0, 0],
    ['5.15', 0x4000_0100, bit, bit],
    ['5.16.0', 0x4000_0100, 0, 0],
    ['6.1', 0x4000_0000, bit, 0],
    ['6.8', 0x4000_0100, bit, 0],
    ['6.9', 0x4000_0100, 0, 0],
    ['6.14', 0x4000_0100, 0, 0],
    ['7.0', 0x4000_0000, 0, 0],
  ])('in %s, with its leaves at %d: %d after the first call, %d after the second', (kernel, base, first, second) => {
    const vm = { hltInGuest: true }
    const feature = (answer: SetCpuidAnswer) => findEntry(answer.stored, base + 1, 0)?.eax
    const once = set(kernel, { table: leaves(base), vm })
    expect(feature(once)).toBe(first)
    expect(feature(set(kernel, { table: leaves(base), vm, vcpu: once.vcpu }))).toBe(second)
  })
})

describe('the XFRM mask of enclaves', () => {
  const enclaves = [...table, entry(0xd, { eax: 7 }, 0), entry(0x12, { ecx: 0xe4 }, 1)]
  test.each<[Kernel, number]>([
    ['5.10', 0xe4],
    ['5.13', 7],
    ['6.1', 7],
    ['6.3', 7],
    ['6.4', 0xe4],
    [proposed('6.3.13', 'rfc-cpuid-xfrm-untouched'), 0xe4],
  ])('in %o is %d', (kernel, mask) => {
    expect(findEntry(set(kernel, { table: enclaves }).stored, 0x12, 1)?.ecx).toBe(mask)
  })
  test('kept the same table from being set again in 5.16.3 and 5.16.4', () => {
    const vcpu = { ...after('5.16.4', { table: enclaves }), hasRun: true }
    expect(tell(set('5.16.4', { table: enclaves, vcpu }))).toMatch(/^EINVAL/)
    expect(tell(set('5.16.5', { table: enclaves, vcpu }))).toBe('taken')
  })
})

describe('a refused call', () => {
  const odd = changeEntry(table, 0x8000_0008, 0, () => ({ eax: 0x342e }))
  test.each<[Kernel, string, CpuidTable]>([
    ['5.4', 'EINVAL set-cpuid-vaddr-width-after-install', odd],
    ['5.9', 'EINVAL set-cpuid-vaddr-width', []],
    ['5.10', 'EINVAL set-cpuid-vaddr-width', table],
    ['7.0', 'EINVAL set-cpuid-vaddr-width', table],
  ])('for a width of virtual addresses in %s says %s', (kernel, told, left) => {
    const answer = set(kernel, { table: odd, vcpu: { current: table, registers: {} } })
    expect(tell(answer)).toBe(told)
    expect(answer.stored).toEqual(left)
  })
  test('for a fault left half of each table in place up to 5.9', () => {
    const half = { table: wider, vcpu: { current: flagged }, unreadable: { afterEntries: 1 } }
    expect(set('5.9', half).stored).toEqual([wider[0], ...flagged.slice(1)])
    expect(set('5.10', half).stored).toEqual(flagged)
  })
  test('keeps the Hyper-V state that it made', () => {
    const answer = set('6.12', { table: [...odd, entry(0x4000_0001, { eax: 0x3123_7648 })] })
    expect(tell(answer)).toBe('EINVAL set-cpuid-vaddr-width')
    expect(answer.effects).toEqual([{ kind: 'hyperv-context-created' }])
    expect(answer.vcpu.hypervContext).toBe(true)
  })
})

describe('registers that a table shows', () => {
  const vcpu = after('6.12', { table })
  const ecx = ({ current = [] }: CpuidVcpu) => findEntry(current, 1, 0)?.ecx
  test.each<[Kernel, told: number, pending: boolean]>([
    ['5.4', osxsave, false],
    ['6.14', osxsave, false],
    ['6.15', 0, true],
    ['7.0', 0, true],
  ])('written in %s leave %d in the table', (kernel, told, pending) => {
    const written = registersWritten({ kernel, host }, { ...vcpu, hasRun: true }, { cr4: 1n << 18n })
    expect([ecx(written), written.pending]).toEqual([told, pending])
  })
  test('leave a table without leaf 1 alone up to 5.8', () => {
    const states = [entry(0xd, { ebx: 1 }, 0)]
    const sizes = (kernel: Kernel) =>
      registersWritten({ kernel, host }, { current: states }, { xcr0: 7n }).current?.map(({ ebx }) => ebx)
    expect([sizes('5.8'), sizes('5.9')]).toEqual([[1], [832]])
  })
  test('of a Xen guest kept its own table from being set again from 6.3 to 6.14', () => {
    const xen = { eax: 0x4000_0003, ebx: 0x566e_6558, ecx: 0x6558_4d4d, edx: 0x4d4d_566e }
    const guest = [...table, entry(0x4000_0000, xen), entry(0x4000_0003, {}, 1), entry(0x4000_0003, {}, 2)]
    const again = (kernel: Kernel) => {
      const ran = { ...after(kernel, { table: guest }), hasRun: true }
      const ticked = clockUpdated({ kernel, host }, ran, { multiplier: 9, shift: 1, kHz: 2_000_000 })
      return tell(set(kernel, { table: guest, vcpu: ticked }))
    }
    expect([again('6.2'), again('6.15')]).toEqual(['taken', 'taken'])
    expect(again('6.12')).toBe('EINVAL set-cpuid-immutable-after-run')
  })
})

describe('what user space may say', () => {
  const tiles = [...table, entry(0xd, { eax: 0x6_0007 }, 0)]
  test.each<[string, CpuidTable, Kernel, string]>([
    ['nothing at all', [], '6.12', 'taken'],
    ['more physical addresses than the host has', wider, '6.12', 'taken'],
    ['half of AMX', [...table, entry(0xd, { eax: 0x2_0007 }, 0)], '6.12', 'taken'],
    [
      'half of AMX, had KVM been made to mind',
      [...table, entry(0xd, { eax: 0x2_0007 }, 0)],
      proposed('6.3.13', 'ask-cpuid-whole-amx'),
      'EINVAL ask-cpuid-whole-amx',
    ],
    ['tile data without permission', tiles, '6.12', 'EPERM set-cpuid-dynamic-xfeatures'],
    ['tile data before KVM knew it', tiles, '5.15', 'taken'],
    ['80 entries', Array(80).fill(entry(1, {})), '5.9', 'taken'],
    ['81 entries', Array(81).fill(entry(1, {})), '5.9', 'E2BIG set-cpuid-nent-limit-80'],
    ['256 entries', Array(256).fill(entry(1, {})), '5.10', 'taken'],
    ['257 entries', Array(257).fill(entry(1, {})), '5.10', 'E2BIG set-cpuid-nent-limit-256'],
    ['addresses of 57 bits', changeEntry(table, 0x8000_0008, 0, () => ({ eax: 0x392e })), '6.12', 'taken'],
    [
      'addresses of 64 bits',
      changeEntry(table, 0x8000_0008, 0, () => ({ eax: 0x402e })),
      '6.12',
      'EINVAL set-cpuid-vaddr-width',
    ],
  ])('%s', (_, said, kernel, told) => {
    expect(tell(set(kernel, { table: said }))).toBe(told)
  })
  test('tile data with permission makes the XSAVE area grow', () => {
    const answer = set('6.12', { table: tiles, permitted: 1n << 18n })
    expect(answer.effects).toContainEqual({ kind: 'fpu-enlarged', features: 1n << 18n })
    expect(answer.vcpu.derived?.guestSupportedXcr0).toBe(0x6_0007n)
  })
  test('an index means nothing to the legacy call', () => {
    const { stored } = set('6.12', { table: [entry(4, { eax: 1 }, 3)], call: 'KVM_SET_CPUID' })
    expect(stored).toEqual([entry(4, { eax: 1 })])
  })
})

describe('what KVM remembers beside a table', () => {
  const wide = [...wider, entry(0x8000_0000, { eax: 0x8000_0008 })]
  test('is the width of physical addresses, as the table has it', () => {
    expect(set('6.12', { table: wide }).vcpu.derived?.maxPhyAddr).toBe(52)
    expect(set('6.12', { table }).vcpu.derived?.maxPhyAddr).toBe(36)
  })
  test('stayed that of the table before where leaf 1 was missing, up to 5.8', () => {
    const vcpu = after('5.4', { table: wide })
    const headless = wide.filter(({ function: leaf }) => leaf !== 1 && leaf !== 0x8000_0000)
    expect(set('5.4', { table: headless, vcpu }).vcpu.derived?.maxPhyAddr).toBe(52)
    expect(set('5.9', { table: headless, vcpu }).vcpu.derived?.maxPhyAddr).toBe(36)
  })
  test('is the word of a feature leaf that is gone, up to 6.13', () => {
    const vcpu = after('6.12', { table: [...table, ...kvmLeavesAt(0x4000_0000, 3)] })
    expect(vcpu.derived?.pvFeatures).toBe(3)
    expect(set('6.12', { table, vcpu }).vcpu.derived?.pvFeatures).toBe(3)
    expect(set('6.14', { table, vcpu }).vcpu.derived?.pvFeatures).toBe(0)
  })
  test('is what KVM supports of it, since 6.14', () => {
    const asked = changeEntry(table, 1, 0, () => ({ edx: 0b11 }))
    const where = { host, supported: [entry(1, { edx: 0b01 })] }
    expect(setCpuid({ ...where, kernel: '6.13' }, { table: asked }).vcpu.derived?.capabilities).toBeUndefined()
    const { capabilities = [] } = setCpuid({ ...where, kernel: '6.14' }, { table: asked }).vcpu.derived ?? {}
    expect(findEntry(capabilities, 1, 0)?.edx).toBe(0b10_0000_0001)
  })
})

test('sizes of the XSAVE area follow XCR0 and, since 6.18, IA32_XSS; alignment counts since 5.17', () => {
  const states = [...table, entry(0xd, { eax: 0x6_0207 }, 0), entry(0xd, { eax: 0b1010 }, 1)]
  const vcpu = { registers: { xcr0: 0x6_0207n, xss: 0n } }
  const sizes = (kernel: Kernel) => {
    const { stored } = set(kernel, { table: states, vcpu, permitted: 1n << 18n })
    return [findEntry(stored, 0xd, 0)?.ebx, findEntry(stored, 0xd, 1)?.ebx]
  }
  expect(sizes('5.16')).toEqual([11008, 9096])
  expect(sizes('5.17')).toEqual([11008, 9152])
})

test('a duplicate is found as the release finds it', () => {
  const indexed = [entry(1, { ecx: 0 }, 5), entry(1, { ecx: 0 })]
  const vcpu = { registers: { cr4: 1n << 18n } }
  const bits = (kernel: Kernel) => set(kernel, { table: indexed, vcpu }).stored.map(({ ecx }) => ecx)
  expect(bits('5.19')).toEqual([0, osxsave])
  expect(bits('6.0')).toEqual([osxsave, 0])
})

/** The steps of KVM_SET_CPUID2 in a kernel, in the words of the thread, one for what happens on end. */
function ordered(profile: Profile): readonly string[] {
  const words: readonly (readonly [RegExp, string])[] = [
    [/^rt-/, 'runtime update'],
    [/-immutable-/, 'compare'],
    [/-hyperv-alloc$/, 'hv init'],
    [/-vaddr-width$/, 'check'],
    [/-install$/, 'install'],
    [/-swap$/, 'swap'],
    [/-(kvm|xen)-base$/, 'bases'],
    [/^derived-anew$/, 'after'],
  ]
  const told = setCpuid2Pipeline.steps.flatMap((step) => {
    const [id, own] = [promiseOf(step).id, step.kind === 'check' ? [step.rule] : step.behaviour.versions]
    const placed = step.lifetime === undefined || inForce(step.lifetime, profile) === 'yes'
    const held = placed && own.some(({ lifetime }) => inForce(lifetime, profile) === 'yes')
    return held ? words.filter(([pattern]) => pattern.test(id)).map(([, word]) => word) : []
  })
  return told.filter((word, at) => word !== told[at - 1])
}

describe('the two orders that the thread about runtime updates lists', () => {
  const rest = ['compare', 'hv init', 'check', 'install', 'bases']
  test('are those of the kernels before and of the patch; what was merged swaps the tables first', () => {
    const patched = { ...profileOf('6.8.12'), proposals: ['rfc-cpuid-runtime-after-setup'] }
    expect(ordered(profileOf('6.8.12'))).toEqual(['runtime update', ...rest, 'after'])
    expect(ordered(patched)).toEqual(['runtime update', ...rest, 'runtime update', 'after'])
    expect(ordered(profileOf('6.14.0'))).toEqual([
      'swap',
      'runtime update',
      'compare',
      'hv init',
      'check',
      'bases',
      'runtime update',
      'after',
    ])
  })
  test('were preceded by one that updated what was in place, and compared nothing', () => {
    expect(ordered(profileOf('5.15.197'))).toEqual(['check', 'install', 'runtime update', 'hv init', 'after'])
  })
  const steps = (kernel: Kernel) => set(kernel, { table, vcpu: { hasRun: true, current: table } })
  test('answer alike to a table that is the same', () => {
    expect(tell(steps('6.8'))).toBe('taken')
    expect(tell(steps(proposed('6.8.12', 'rfc-cpuid-runtime-after-setup')))).toBe('taken')
  })
  test('differ in what they do to PV_UNHALT of the first table', () => {
    const request = { table: [...table, ...kvmLeavesAt(0x4000_0000, 1 << 7)], vm: { hltInGuest: true } }
    const feature = (kernel: Kernel) => findEntry(set(kernel, request).stored, 0x4000_0001, 0)?.eax
    expect(feature('6.8')).toBe(1 << 7)
    expect(feature(proposed('6.8.12', 'rfc-cpuid-runtime-after-setup'))).toBe(0)
  })
})

describe('KVM_GET_CPUID2', () => {
  const vcpu = { current: table }
  test('tells how many entries there are since 6.5', () => {
    expect(getCpuid2({ kernel: '6.1', host }, { nent: 10, vcpu })).toMatchObject({ kind: 'accepted', nent: 10 })
    expect(getCpuid2({ kernel: '6.5', host }, { nent: 10, vcpu })).toMatchObject({ nent: 3, entries: table })
  })
  test('refuses where there is no room', () => {
    expect(getCpuid2({ kernel: '6.12', host }, { nent: 2, vcpu })).toMatchObject({ kind: 'refused', errno: 'E2BIG' })
    expect(getCpuid2({ kernel: '6.12', host }, { nent: 0, vcpu: {} })).toMatchObject({ kind: 'accepted', nent: 0 })
  })
  test('told something else from 5.10 to 5.10.14', () => {
    expect(getCpuid2({ kernel: '5.10.14', host }, { nent: 10, vcpu })).toMatchObject({ entries: 'kernel memory' })
    expect(getCpuid2({ kernel: '5.10.15', host }, { nent: 10, vcpu })).toMatchObject({ entries: table })
  })
})

test('a release that nobody lists is a mistake', () => {
  expect(() => set('3.2', { table })).toThrow(/kernel 3.2 is not known/)
})

const releases = [
  '5.4',
  '5.9',
  '5.10',
  '5.16.0',
  '5.16.4',
  '6.1',
  '6.8',
  '6.12',
  '6.14',
  '6.15',
  '6.18',
  '7.0',
] as const

test.each(releases)('in %s a call changes nothing that it was given, and what it stored is stored again', (kernel) => {
  let seed = 7
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return (seed >>> 8) % below
  }
  const leaves = [0, 1, 2, 7, 0xd, 0x12, 0x4000_0000, 0x4000_0001, 0x4000_0100, 0x8000_0000, 0x8000_0008]
  const pick = () => ({ eax: next(2 ** 24), ebx: next(2 ** 24), ecx: next(2 ** 24), edx: next(2 ** 24) })
  for (let i = 0; i < 400; i++) {
    const given = Array.from({ length: next(12) }, () => {
      const row = {
        ...entry(leaves[next(leaves.length)] ?? 0, pick(), next(2) === 0 ? undefined : next(3)),
        flags: next(8),
      }
      return Object.freeze(row)
    })
    const call = next(4) === 0 ? 'KVM_SET_CPUID' : 'KVM_SET_CPUID2'
    const vcpu = Object.freeze({ registers: { cr4: BigInt(next(2 ** 23)), xcr0: 7n, apicBase: BigInt(next(2 ** 12)) } })
    const once = set(kernel, { table: Object.freeze(given), vcpu, call })
    if (once.kind === 'refused') continue
    const ran = { ...once.vcpu, hasRun: true }
    const again = set(kernel, { table: once.stored, vcpu: ran })
    if (kernel === '5.16.0') expect(again.kind).toBe('refused')
    else expect([again.kind, again.stored]).toEqual(['accepted', once.stored])
  }
})
