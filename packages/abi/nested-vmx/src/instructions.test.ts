import { type Pipeline, profileOf, resolve, run } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { nestedVcpu } from './nested-vcpu.ts'
import type { Vmlaunch } from './rules/vmlaunch/call.ts'
import { vmlaunchPipeline } from './rules/vmlaunch/index.ts'
import { aVmlaunch } from './rules/vmlaunch/witness.ts'
import type { Vmrun } from './rules/vmrun/call.ts'
import { vmrunPipeline } from './rules/vmrun/index.ts'
import { aVmrun } from './rules/vmrun/witness.ts'
import type { Vmxon } from './rules/vmxon/call.ts'
import { vmxonPipeline } from './rules/vmxon/index.ts'
import { aVmxon } from './rules/vmxon/witness.ts'

const answerOf = <State>(pipeline: Pipeline<State, string>, state: State): string => {
  const outcome = run(resolve(pipeline, profileOf('6.12.117')), state)
  return outcome.kind === 'refused' ? outcome.refusal.errno : 'done'
}

/** What can be wrong with a call, in the order of `handle_vmxon`, `nested_vmx_run` and `nested_svm_vmrun` of 6.12. */
type Wrongs<State> = readonly (readonly [what: string, wrong: Partial<State>, answer: string])[]

const vmxon: Wrongs<Vmxon> = [
  ['outside the modes that have it', { modeIsRight: false }, '#UD'],
  ['with privilege 3', { cpl: 3 }, '#GP(0)'],
  ['in VMX operation', { vmxon: true }, 'VMfail 15'],
  ['without CR0.NE', { vcpu: nestedVcpu('vmx', { cr0: 0x8000_0011n }) }, '#GP(0)'],
  ['with IA32_FEATURE_CONTROL that is not locked', { featureControl: 4n }, '#GP(0)'],
  ['with IA32_FEATURE_CONTROL that is locked without VMX', { featureControl: 1n }, '#GP(0)'],
  ['of a region beyond the addresses', { region: 1n << 46n }, 'VMfailInvalid'],
  ['of a region of another revision', { revision: 0x11e5_7ed1 }, 'VMfailInvalid'],
]

const vmlaunch: Wrongs<Vmlaunch> = [
  ['outside VMX operation', { vmxon: false }, '#UD'],
  ['with privilege 3', { cpl: 3 }, '#GP(0)'],
  ['without a current VMCS', { current: false }, 'VMfailInvalid'],
  ['of a VMCS that another shadows', { isShadow: true }, 'VMfailInvalid'],
  ['behind a MOV to SS', { blockedByMovSs: true }, 'VMfail 26'],
  ['of a VMCS that is launched', { launched: true }, 'VMfail 4'],
  ['with pin controls of zeros', { entry: aVmlaunch({}, { PIN_BASED_VM_EXEC_CONTROL: 0n }).entry }, 'VMfail 7'],
  [
    'from 64 bits, for a host of 32',
    { entry: aVmlaunch({}, { VM_EXIT_CONTROLS: 0x3_6dfbn, VM_ENTRY_CONTROLS: 0x11fbn }).entry },
    'VMfail 8',
  ],
  ['with a host without paging', { entry: aVmlaunch({}, { HOST_CR0: 0x21n }).entry }, 'VMfail 8'],
  ['with a guest without CR4.VMXE', { entry: aVmlaunch({}, { GUEST_CR4: 0x20n }).entry }, 'exit 0x80000021'],
]

const vmrun: Wrongs<Vmrun> = [
  ['without EFER.SVME', { efer: 0x500n }, '#UD'],
  ['without paging', { paging: false }, '#UD'],
  ['with privilege 3', { cpl: 3 }, '#GP(0)'],
  ['of a VMCB off its page', { vmcb: 0x3800n }, '#GP(0)'],
  ['without a save area', { hasSaveArea: false }, '#GP(0)'],
  ['in SMM', { inSmm: true }, '#UD'],
  ['of a VMCB without memory', { mapped: false }, '#GP(0)'],
  ['of a VMCB without VMRUN’s own intercept', { entry: aVmrun({}, { INTERCEPT_WORD4: 0n }).entry }, 'exit -1'],
]

function wrongsOf<State>(pipeline: Pipeline<State, string>, right: State, wrongs: Wrongs<State>): void {
  test('is done where nothing is wrong', () => {
    expect(answerOf(pipeline, right)).toBe('done')
  })

  test.each(wrongs)('%s: %o is answered %s', (_, wrong, answer) => {
    expect(answerOf(pipeline, { ...right, ...wrong })).toBe(answer)
  })

  test('of two things that are wrong, the first is answered', () => {
    for (const [nth, [what, first, answer]] of wrongs.entries())
      for (const [also, second] of wrongs.slice(nth + 1))
        expect(answerOf(pipeline, { ...right, ...second, ...first }), `${what}, ${also}`).toBe(answer)
  })
}

describe('VMXON', () => {
  wrongsOf(vmxonPipeline, aVmxon(), vmxon)

  test('looks at CR4.VMXE before all else, and at the other bits of CR4 with those of CR0', () => {
    for (const [, wrong] of vmxon) expect(answerOf(vmxonPipeline, aVmxon({ ...wrong, cr4: 0x20n }))).toBe('#UD')
    expect(answerOf(vmxonPipeline, aVmxon({ cr4: 0x8000_2020n }))).toBe('#GP(0)')
    expect(answerOf(vmxonPipeline, aVmxon({ cr4: 0x8000_2020n, vmxon: true }))).toBe('VMfail 15')
  })
})

describe('VMLAUNCH', () => wrongsOf(vmlaunchPipeline, aVmlaunch(), vmlaunch))

describe('VMRESUME', () => {
  const resumed = aVmlaunch({ instruction: 'VMRESUME', launched: true })
  const wrongs: Wrongs<Vmlaunch> = vmlaunch.map((wrong) =>
    wrong[1].launched ? ['of a VMCS that is not launched', { launched: false }, 'VMfail 5'] : wrong,
  )
  wrongsOf(vmlaunchPipeline, resumed, wrongs)
})

describe('VMRUN', () => wrongsOf(vmrunPipeline, aVmrun(), vmrun))

test('an enlightened VMCS is mapped before it is asked what is in it, and has no launch state', () => {
  const entered = (changes: Partial<Vmlaunch>) => answerOf(vmlaunchPipeline, aVmlaunch(changes))
  expect(entered({ enlightened: 'not to be mapped', current: false })).toBe('#UD')
  expect(entered({ enlightened: 'not to be mapped', cpl: 3 })).toBe('#GP(0)')
  expect(entered({ enlightened: 'of another version', isShadow: true, blockedByMovSs: true })).toBe('VMfailInvalid')
  expect(entered({ enlightened: 'mapped', current: false, launched: true })).toBe('done')
  expect(entered({ enlightened: 'mapped', instruction: 'VMRESUME' })).toBe('done')
})
