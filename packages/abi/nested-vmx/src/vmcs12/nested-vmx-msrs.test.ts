import { profileOf } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { vmxCapabilities } from './capability-names.rows.ts'
import { pinControls, secondaryControls } from './controls.ts'
import { executedVmxMsrs, type VmxCapability } from './executed-vmx-msrs.ts'
import { nestedVmxMsrs } from './nested-vmx-msrs.ts'

const haswell = new Set<string>(['RDTSCP', 'RDRAND', 'INVPCID'])
const told = nestedVmxMsrs({ has: (name) => haswell.has(name), postedInterrupts: false, tscScaling: false, sgx: false })
/** Of the processor that was asked, and of no other that we know. */
const monitorTrap = 1n << 59n

test.each([
  [0x480, 0x00d8_1000_11e5_7ed0n],
  [0x481, 0x0000_007f_0000_0016n],
  [0x482, 0xf7f9_fffe_0401_e172n | monitorTrap],
  [0x483, 0x007f_ffff_0003_6dffn],
  [0x484, 0x0000_f3ff_0000_11ffn],
  [0x485, 0x0000_0000_2000_0165n],
  [0x486, 0x0000_0000_8000_0021n],
  [0x487, 0x0000_0000_ffff_ffffn],
  [0x488, 0x0000_0000_0000_2000n],
  [0x48a, 0x0000_0000_0000_0032n],
  [0x48b, 0x0002_7bff_0000_0000n],
  [0x48c, 0x0000_0f01_0633_4041n],
  [0x48d, 0x0000_007f_0000_0016n],
  [0x48e, 0xf7f9_fffe_0400_6172n | monitorTrap],
  [0x48f, 0x007f_ffff_0003_6dfbn],
  [0x490, 0x0000_f3ff_0000_11fbn],
  [0x491, 0x0000_0000_0000_0001n],
])('MSR %i is what kvm_intel told on a Haswell', (index, value) => {
  expect(told.get(index)).toBe(value)
})

test('every capability MSR is told, in order', () => {
  expect([...told.keys()]).toEqual(Array.from({ length: 18 }, (_, at) => 0x480 + at))
})

const whole = { has: () => true, postedInterrupts: true, tscScaling: true, sgx: true }
const newest = nestedVmxMsrs(whole)
/** What came with CET: error codes of any exception, and its state at exits and entries. */
const withoutCet = { 1152: 1n << 56n, 1167: 1n << 60n, 1168: 1n << 52n } as const

test.each([
  [
    '5.2.0',
    {
      ...withoutCet,
      1157: 1n << 8n,
      1163: (1n << 47n) | (1n << 57n),
      1164: 1n << 7n,
      1167: (1n << 44n) | (1n << 60n),
      1168: (1n << 45n) | (1n << 52n),
    },
  ],
  ['5.10.13', { ...withoutCet, 1157: 1n << 8n, 1163: (1n << 47n) | (1n << 57n) }],
  ['5.13.0', { ...withoutCet, 1163: 1n << 57n }],
  ['6.1.192', withoutCet],
  ['6.12.117', withoutCet],
  ['6.18.0', {}],
] as const)(
  'what Linux %s does not offer yet of the newest: %o',
  (kernel, missing: Readonly<Record<number, bigint>>) => {
    const told = nestedVmxMsrs(whole, profileOf(kernel))
    const differing = [...newest].map(([index, value]) => [index, value & ~(told.get(index) ?? 0n)] as const)
    const lost = differing.filter(([index, bits]) => bits !== 0n && (index < 0x481 || index > 0x484))
    expect(Object.fromEntries(lost)).toEqual(missing)
  },
)

test('what is told without TRUE follows a release, too', () => {
  const [told, before] = [nestedVmxMsrs(whole, profileOf('6.12.117')), nestedVmxMsrs(whole, profileOf('5.2.0'))]
  expect((told.get(0x483) ?? 0n) ^ (before.get(0x483) ?? 0n)).toBe(1n << 44n)
})

test.each([
  ['shadow stacks', 'CET_SS'],
  ['tracking of branches', 'CET_IBT'],
])('a processor with %s is enough for what came with CET, and one without both has none of it', (_, feature) => {
  const offered = (has: (name: string) => boolean) => {
    const told = nestedVmxMsrs({ ...whole, has })
    return [0x480, 0x48f, 0x490].map((index) => newest.get(index)! & ~told.get(index)!)
  }
  expect(offered((name) => name === feature || name === 'MPX')).toEqual([0n, 0n, 0n])
  expect(offered((name) => name === 'MPX')).toEqual([1n << 56n, 1n << 60n, 1n << 52n])
})

describe('a processor of this project', () => {
  const own = executedVmxMsrs({ has: () => true })

  const { EPT_VIOLATION_VE, MODE_BASED_EPT, PAUSE_LOOP_EXITING, PML, VMFUNC } = secondaryControls
  const beyond = (PAUSE_LOOP_EXITING | EPT_VIOLATION_VE | MODE_BASED_EPT) << 32n

  test('offers what a release does', () => {
    const offers = (version: '5.10.13' | '6.12.117') =>
      ((executedVmxMsrs({ has: () => true }, { kernel: profileOf(version) }).get(0x48b) ?? 0n) >> 32n) &
      secondaryControls.TSC_SCALING
    expect([offers('5.10.13'), offers('6.12.117')]).toEqual([0n, secondaryControls.TSC_SCALING])
  })

  test('offers of controls what KVM does, and loops of PAUSE, virtualization exceptions and execution by mode; it requires the same', () => {
    const [low, high] = [0xffff_ffffn, 0xffff_ffff_0000_0000n]
    const controls = [...own].filter(
      ([index]) => (index >= 0x481 && index <= 0x484) || index === 0x48b || index >= 0x48d,
    )
    for (const [index, value] of controls) {
      const kvms = newest.get(index) ?? 0n
      const more = index === 0x48b ? beyond : 0n
      expect([index, value & high & ~kvms, value & low]).toEqual([index, more, kvms & low])
    }
  })

  test('logs pages, switches EPT pointers, and tells of the page of a violation, but knows no shadow-stack pages', () => {
    const told = own.get(0x48c)!
    expect([(own.get(0x48b)! >> 32n) & (PML | VMFUNC), own.get(0x491), told & (1n << 22n), told & (1n << 23n)]).toEqual(
      [PML | VMFUNC, 1n, 1n << 22n, 0n],
    )
    expect(newest.get(0x48c)! & (1n << 22n)).toBe(0n)
  })

  test('virtualizes the local APIC of its guests, and posts their interrupts', () => {
    const { VIRTUALIZE_APIC_ACCESSES, VIRTUALIZE_X2APIC, APIC_REGISTERS, VIRTUAL_INTERRUPTS } = secondaryControls
    const all = VIRTUALIZE_APIC_ACCESSES | VIRTUALIZE_X2APIC | APIC_REGISTERS | VIRTUAL_INTERRUPTS
    expect([(own.get(0x48b)! >> 32n) & all, (own.get(0x48d)! >> 32n) & pinControls.POSTED_INTERRUPTS]).toEqual([
      all,
      pinControls.POSTED_INTERRUPTS,
    ])
  })
})

describe('capabilities that are taken away', () => {
  const processor = { has: () => true }
  const bitOf = (index: number, bit: number, ...without: readonly VmxCapability[]) =>
    ((executedVmxMsrs(processor, { without }).get(index) ?? 0n) >> BigInt(bit)) & 1n

  test('are where the MSR says so, and the others stay', () => {
    expect([bitOf(0x48b, 33), bitOf(0x48b, 33, 'vmx-ept'), bitOf(0x48b, 37, 'vmx-ept')]).toEqual([1n, 0n, 1n])
    expect([bitOf(0x48c, 20), bitOf(0x48c, 20, 'vmx-invept')]).toEqual([1n, 0n])
  })

  test('of controls are in the MSR without TRUE, too', () => {
    expect([bitOf(0x481, 38), bitOf(0x481, 38, 'vmx-preemption-timer')]).toEqual([1n, 0n])
    expect([bitOf(0x484, 47), bitOf(0x484, 47, 'vmx-entry-load-efer')]).toEqual([1n, 0n])
  })

  test('have a name and a bit each, which our processor has', () => {
    const rows = Object.values(vmxCapabilities).map(([msr, bit]) => `${msr} ${bit}`)
    expect(new Set(rows).size).toBe(rows.length)
    const told = executedVmxMsrs(processor)
    expect(
      Object.entries(vmxCapabilities).filter(([, [msr, bit]]) => (((told.get(msr) ?? 0n) >> BigInt(bit)) & 1n) === 0n),
    ).toEqual([])
  })
})
