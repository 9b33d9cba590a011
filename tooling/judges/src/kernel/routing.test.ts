import { exitGoesTo, exitNumbers, LiveVmcs12, pinControls, primaryControls, type Vmcs12Values } from '@vmm/nested-vmx'
import { profileOf, readVersion } from '@vmm/rule'
import { expect, test } from 'vitest'
import { recorded } from './kept.ts'

const subject = 'nested-vmx-exits'
const primary = (name: keyof typeof primaryControls): Vmcs12Values => ({
  CPU_BASED_VM_EXEC_CONTROL: primaryControls[name],
})

interface Asked {
  readonly reason: keyof typeof exitNumbers
  readonly fields?: Vmcs12Values
  readonly vector?: number
  readonly byInstruction?: boolean
  /** KVM has the exit, and tells L1 of one behind it. */
  readonly later?: boolean
}

const breakpoint: Asked = {
  ...{ reason: 'EXCEPTION_NMI', fields: { EXCEPTION_BITMAP: 8n }, vector: 3, byInstruction: true },
}

/** What the scenarios make L2 leave for. Source: `packages/machine/kvm/cases/kernel/nested-vmx-exits.txt`. */
const asked: Readonly<Record<string, Asked>> = {
  'l2-calls': { reason: 'VMCALL' },
  'l2-asks-for-cpuid': { reason: 'CPUID' },
  'l2-invalidates-caches': { reason: 'INVD' },
  'l2-halts-for-l1': { reason: 'HLT', fields: primary('HLT_EXITING') },
  'l2-halts': { reason: 'HLT' },
  'l2-reads-the-time-for-l1': { reason: 'RDTSC', fields: primary('RDTSC_EXITING') },
  'l2-reads-the-time': { reason: 'RDTSC' },
  'l2-writes-a-port-for-l1': { reason: 'IO_INSTRUCTION', fields: primary('UNCONDITIONAL_IO_EXITING') },
  'l2-writes-a-port': { reason: 'IO_INSTRUCTION' },
  'l2-loads-cr3-for-l1': { reason: 'CR_ACCESS', vector: 3, fields: primary('CR3_LOAD_EXITING') },
  'l2-loads-cr3': { reason: 'CR_ACCESS', vector: 3 },
  'l2-meets-an-exception-for-l1': { reason: 'EXCEPTION_NMI', fields: { EXCEPTION_BITMAP: 64n }, vector: 6 },
  'l2-has-no-way-out': { reason: 'TRIPLE_FAULT' },
  'l2-breaks-for-l1': breakpoint,
  'l2-breaks-for-a-debugger': breakpoint,
  'l2-waits-for-l1': { reason: 'INTERRUPT_WINDOW', fields: primary('INTERRUPT_WINDOW_EXITING') },
  'l2-has-no-time-left': {
    ...{ reason: 'PREEMPTION_TIMER', fields: { PIN_BASED_VM_EXEC_CONTROL: pinControls.PREEMPTION_TIMER }, later: true },
  },
}

function ownerOf({ reason, fields = {}, vector = 0, byInstruction = false }: Asked, release: string) {
  const vmcs = new LiveVmcs12()
  for (const [name, value] of Object.entries(fields)) vmcs.write(name as keyof Vmcs12Values, value)
  const unasked = { registers: {} as never, memory: {} as never }
  const version = readVersion(release)
  if (version.kind !== 'version') throw new RangeError(version.says)
  const exit = { ...unasked, vmcs, reason: exitNumbers[reason], qualification: BigInt(vector), byInstruction }
  return exitGoesTo(exit, profileOf(version.version))
}

const answers = recorded().flatMap(({ name, release, answers }) =>
  [...(answers.get(subject) ?? [])].map(([scenario, steps]) => ({
    ...{ name, release, scenario, answer: steps.at(-1)?.answer ?? '' },
  })),
)

test.each(answers)('$name takes $scenario where the rows say', ({ release, scenario, answer }) => {
  const what = asked[scenario]
  if (what === undefined) throw new RangeError(`nobody says what ${scenario} leaves for`)
  const toL1 =
    answer.includes(` port=80 `) && answer.includes(` data=${(0x80 | exitNumbers[what.reason]).toString(16)} `)
  expect(toL1).toBe(what.later === true || ownerOf(what, release) === 'L1')
  if (what.later === true) expect(ownerOf(what, release)).toBe('L0')
})

test('a kernel was asked about each', () => {
  expect([...new Set(answers.map(({ scenario }) => scenario))].toSorted()).toEqual(Object.keys(asked).toSorted())
})
