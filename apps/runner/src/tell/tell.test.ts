import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kvmBytesOf, supportedCpuid } from '@vmm/cpuid'
import { soundVmcs, vmcs12Of } from '@vmm/nested-vmx'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from '../command-line.ts'
import { UsageError } from '../usage-error.ts'
import { allPromises } from './all-promises.ts'
import { hostAsked, profileAsked } from './asked.ts'
import { tellers } from './tell.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmm-tell-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What a command line prints. */
function said(line: string): { readonly text: string; readonly status: number } {
  const command = parse(line.split(' '))
  if (command.kind !== 'tell') throw new Error(`${line} tells nothing`)
  return tellers[command.command](command.args)
}

const file = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

test('no two promises of any package share an id', () => {
  const named = new Map<string, string>()
  for (const { id, package: owner } of allPromises) {
    const other = named.get(id) ?? owner
    expect([id, other]).toEqual([id, owner])
    named.set(id, owner)
  }
})

describe('vmm rules', () => {
  test('lists what a call promises in a release', () => {
    const { text } = said('rules --ioctl SET_CPUID2 --kvm 5.16.2')
    expect(text).toContain('set-cpuid-forbidden-after-run')
    expect(said('rules --ioctl SET_CPUID2 --kvm 5.16.3').text).not.toContain('set-cpuid-forbidden-after-run')
  })

  test.each(['SET_CPUID2', 'KVM_SET_CPUID2', 'set_cpuid2'])('takes a call by the name %s', (name) => {
    expect(said(`rules --ioctl ${name}`).text).toContain('set-cpuid-l2-active')
  })

  test('lists a call of which processors have their own parts with all of them', () => {
    const { text } = said('rules --ioctl SET_NESTED_STATE --kvm 6.12')
    expect(text).toContain('nested-vmx-revision')
    expect(text).toContain('nested-svm-vmrun-intercept')
  })
  test('gives programs an array', () => {
    const told = JSON.parse(said('rules --ioctl KVM_CREATE_VCPU --json').text) as { id: string; errno?: string }[]
    expect(told.map(({ id, errno }) => [id, errno])).toContainEqual(['vcpu-create-id-taken', 'EEXIST'])
  })
  test('explains one, with the steps of its call', () => {
    const { text } = said('rules explain memslot-overlap --steps')
    expect(text).toContain('KVM_SET_USER_MEMORY_REGION EEXIST: ')
    expect(text).toMatch(/> \d+\. memslot-overlap/)
  })
  test('gives programs since when a promise holds', () => {
    const told = JSON.parse(said('rules --ioctl SET_CPUID2 --json').text) as { id: string }[]
    const frozen = told.find(({ id }) => id === 'set-cpuid-immutable-after-run')
    expect(frozen).toMatchObject({ since: '5.17', stable: { '5.16': '5.16.3' }, ioctl: 'KVM_SET_CPUID2', kind: 'rule' })
  })
  test('tells when a step that moved stands where, of all releases or of one', () => {
    const { text } = said('rules explain set-cpuid-swap --steps')
    expect(text).toMatch(/rt-osxsave: .*\(here from 5\.17 and 5\.16\.3 until 6\.14; /)
    expect(text).toMatch(/rt-osxsave: .*\(here since 6\.14; /)
    const old = said('rules explain set-cpuid-install --steps --kvm 6.1').text
    expect(old).toContain('steps of KVM_SET_CPUID2 in 6.1.')
    expect(old).not.toContain('set-cpuid-swap')
  })
  test('tells what was wrong about one', () => {
    expect(said('rules log mp-state-init-blocked').text).toContain('corrected: ')
  })
  test('tells what a proposal would have changed', () => {
    expect(said('rules diff 5.14 5.14+rfc-page-enc-mask').text).toContain('- hc-map-gpa-disabled')
  })
  test('tells the versions of one', () => {
    expect(said('rules log hc-quirk-patch').text).toContain('version 2: since 5.19')
  })
})

describe('vmm msr', () => {
  test.each(['0x3a', '58', 'ia32_feature_control'])('knows a register as %s', (name) => {
    expect(said(`msr ${name}`).text).toContain('0x3a IA32_FEATURE_CONTROL')
  })
  test('says which module of which releases handles it, and in which it is listed', () => {
    const { text } = said('msr 0xe1')
    expect(text).toContain('kvm_intel handles it since 5.4')
    expect(text).toContain('KVM_GET_MSR_INDEX_LIST lists it since 5.4, with WAITPKG')
  })
})

describe('a CPUID table', () => {
  const where = { kernel: profileAsked('--kvm', '6.1'), host: hostAsked('spr') }
  const supported = supportedCpuid(where).entries

  test('is told in words', () => {
    expect(said(`cpuid ${file('table', kvmBytesOf(supported))}`).text).toContain('GenuineIntel')
  })
  test('that a release supports is taken', () => {
    expect(said(`check ${file('table', kvmBytesOf(supported))} --kvm 6.1 --host spr`).status).toBe(0)
  })
  test('with bits that it does not support is told bit by bit, with status 1', () => {
    const { text, status } = said(`check ${file('table', kvmBytesOf(supported))} --kvm 6.1 --host milan`)
    expect([status, text.includes('not supported there')]).toEqual([1, true])
    expect(text).toContain('IPRED_CTRL (7H.2.EDX[1]): not supported there')
  })
  test('that it refuses is told with the rule', () => {
    const wrong = supported.map((entry) => (entry.function === 0x8000_0008 ? { ...entry, eax: 0x2a28 } : entry))
    const { text, status } = said(`check ${file('wrong', kvmBytesOf(wrong))} --kvm 6.1`)
    expect([status, text.includes('set-cpuid-vaddr-width')]).toEqual([1, true])
  })
  test('of two releases differs in what is supported', () => {
    expect(said('cpuid diff 5.10 6.18 --host spr').text).toContain('+')
  })
})

describe('vmm vmcs', () => {
  // no release of KVM keeps these controls
  const { TERTIARY_VM_EXEC_CONTROL: _, ...long } = soundVmcs.long
  const broken = { ...long, GUEST_RFLAGS: 0n, HOST_CR0: 1n }

  test('tells that a sound VMCS is entered, alone and in a nested state', () => {
    const state = new Uint8Array([...new Uint8Array(128), ...vmcs12Of(long)])
    for (const bytes of [vmcs12Of(long), state])
      expect(said(`vmcs ${file('sound', bytes)}`)).toEqual({ text: 'a processor enters it\n', status: 0 })
    expect(said(`vmcs ${file('sound', vmcs12Of(long))} --kvm 6.1`).status).toBe(0)
  })
  test('tells every sentence that does not hold, and what is reported first', () => {
    const { text, status } = said(`vmcs ${file('broken', vmcs12Of(broken))}`)
    const [first, ...failed] = text.trimEnd().split('\n')
    expect([status, first]).toEqual([1, expect.stringMatching(/^a processor does not enter it: VMfail 8, /)])
    expect(failed.map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['rflags-reserved']))
  })
  test('tells the checks of KVM of a release, which leaves flags to the processor', () => {
    const { text } = said(`vmcs ${file('broken', vmcs12Of(broken))} --kvm 6.1`)
    expect(text).toContain('nested-vmx-host-cr0: ')
    expect(text).not.toContain('rflags')
    expect(said(`vmcs ${file('flags', vmcs12Of({ ...long, GUEST_RFLAGS: 0n }))} --kvm 6.1`).status).toBe(0)
  })
  test('refuses what is no VMCS', () => {
    expect(() => said(`vmcs ${file('none', new Uint8Array(4096))}`)).toThrow(
      'expected 4096 that begin with 0x11e57ed0, or 128 of struct kvm_nested_state and then those',
    )
    expect(() => said(`vmcs ${file('short', vmcs12Of({}).slice(0, 100))}`)).toThrow(UsageError)
  })
})

test.each([
  ['rules explain set-cpuid-immutable-after-rum', 'did you mean set-cpuid-immutable-after-run?'],
  ['rules explain', 'expected the id of a promise'],
  ['rules dif 5.10 6.1', 'expected explain, diff, log or nothing'],
  ['rules --iotcl X', 'did you mean --ioctl?'],
  ['rules --ioctl SET_SRGES2', 'did you mean KVM_SET_SREGS2?'],
  ['rules --kvm 9.9', 'kernel 9.9 is not known'],
  ['rules diff 5.10', 'expected two releases'],
  ['rules diff 5.10 6.1 --json', '--json is nothing to it'],
  ['rules --steps', '--steps is nothing to it'],
  ['rules log smi-not-built --kvm 6.1', '--kvm is nothing to it'],
  ['rules explain smi-not-built nmi-pending', 'expected one id'],
  ['msr 0x12345678', 'no MSR 0x12345678 is known'],
  ['msr', 'expected one number or name'],
  ['cpuid', 'expected one file'],
  ['cpuid /nowhere/dump', 'table /nowhere/dump: no such file'],
  ['check /nowhere/table', 'table /nowhere/table: no such file'],
  ['check x --host sprr', "unknown host 'sprr'"],
  ['vmcs', 'expected one file with a VMCS'],
  ['vmcs /nowhere/vmcs', 'VMCS /nowhere/vmcs: no such file'],
])('vmm %s is refused with one line that says what was expected', (line, says) => {
  expect(() => said(line)).toThrow(UsageError)
  expect(() => said(line)).toThrow(says)
})

test.each(['rules', 'cpuid', 'msr', 'check', 'vmcs'])('vmm %s --help has examples and exit statuses', (command) => {
  const printed = parse([command, '--help'])
  expect(printed).toMatchObject({ kind: 'print', text: expect.stringMatching(/Examples:[\s\S]*Exit status:/) })
})
