import { profileOf } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { nestedVcpu } from '../nested-vcpu.ts'
import { type VmcsValues, vmcsReader, wholeVmcsLayout, wholeVmcsOf, writeVmcs } from '../vmcs/vmcs-layout.ts'
import { vmcsRegionBytes } from '../vmcs12/vmcs12.ts'
import { entryChecks } from './all.ts'
import { type CheckedAs, check } from './check.ts'
import { compileEntryChecks, entryFailure } from './entry-failure.ts'
import { kvmChecks } from './kvm-checks.ts'
import { plainFacts, soundVmcs, wholeProcessor } from './sound-vmcs.ts'
import { witnessesOf } from './witnesses.ts'

const processor: CheckedAs = { as: 'processor' }
const kvm = (kernel: '6.1.20' | '6.12.117'): CheckedAs => ({ as: 'kvm', kernel: profileOf(`${kernel}`) })

function vmcsOf(values: VmcsValues): Uint8Array {
  const bytes = new Uint8Array(vmcsRegionBytes)
  writeVmcs(bytes, { ...soundVmcs.long, ...values })
  return bytes
}

const vcpu = nestedVcpu('vmx')
const checked = (values: VmcsValues, asked: CheckedAs) => check(vmcsOf(values), vcpu, asked)

test('a sound VMCS enters, by KVM and by the processor', () => {
  expect(checked({}, processor)).toEqual({ kind: 'enters', unread: [] })
  expect(checked({}, kvm('6.12.117'))).toEqual({ kind: 'enters', unread: [] })
})

test('every sentence that does not hold is told, and the first one is reported', () => {
  expect(checked({ HOST_CR0: 0x21n, GUEST_RFLAGS: 0n, GUEST_TR_AR_BYTES: 0x9bn }, processor)).toMatchObject({
    kind: 'fails',
    reports: { kind: 'vmfail', error: 8 },
    failed: [{ id: 'host-cr0' }, { id: 'tr-rights' }, { id: 'rflags-reserved' }],
  })
})

test('what KVM leaves to the processor, only the processor finds', () => {
  const values = { GUEST_RFLAGS: 0n }
  expect(checked(values, kvm('6.12.117')).kind).toBe('enters')
  expect(checked(values, processor)).toMatchObject({ reports: { kind: 'exit', reason: 33, qualification: 0 } })
})

test('a kernel makes the checks of its release', () => {
  const values = { GUEST_CR4: 0x2000n }
  expect(checked(values, kvm('6.1.20')).kind).toBe('enters')
  expect(checked(values, kvm('6.12.117'))).toMatchObject({ failed: [{ id: 'nested-vmx-guest-long-mode' }] })
})

test('a link pointer, an NMI behind STI and PDPTEs have qualifications of their own', () => {
  const injected = { VM_ENTRY_INTR_INFO_FIELD: 0x8000_0202n, GUEST_RFLAGS: 0x202n, GUEST_INTERRUPTIBILITY_INFO: 1n }
  expect(checked({ VMCS_LINK_POINTER: 0x3001n }, processor)).toMatchObject({ reports: { qualification: 4 } })
  expect(checked({ VMCS_LINK_POINTER: 0x3001n }, kvm('6.12.117'))).toMatchObject({ reports: { qualification: 4 } })
  expect(checked(injected, processor)).toMatchObject({ reports: { qualification: 3 } })
})

describe('the compiled reading', () => {
  test.each(entryChecks.flatMap((one) => witnessesOf(one).map((sides, nth) => [one.id, nth, one, sides] as const)))(
    'reports of %s what its row says: witness %i',
    (id, _, { reports }, { broken, mended }) => {
      const bytes = new Uint8Array(0x1000)
      const failure = ({ values, processor: one, facts }: typeof broken) => {
        writeVmcs(bytes.fill(0), values, wholeVmcsLayout)
        return entryFailure(bytes, { processor: one, facts, layout: wholeVmcsLayout })
      }
      expect(failure(broken)).toMatchObject({ id, reports })
      expect(failure(mended)).toBeUndefined()
    },
  )

  test('takes a VMCS that ends early as one with zeros', () => {
    const facts = plainFacts
    expect(entryFailure(new Uint8Array(0), { processor: wholeProcessor, facts })?.id).toBe('pin-controls')
    expect(entryFailure(vmcsOf({}).subarray(0, 600), { processor: wholeProcessor, facts })?.id).toBe('pin-controls')
  })

  test('asks again only what looks at fields that changed', () => {
    const checks = compileEntryChecks(wholeProcessor)
    const bytes = vmcsOf({ GUEST_RFLAGS: 0n })
    const view = new DataView(bytes.buffer)
    expect(checks.failure(view, plainFacts, checks.groupsOf('HOST_RIP'))).toBeUndefined()
    expect(checks.failure(view, plainFacts, checks.groupsOf('GUEST_RFLAGS'))?.id).toBe('rflags-reserved')
    expect(checks.groupsOf('TSC_OFFSET')).toBe(0)
  })

  test('asks what looks at memory and modes every time', () => {
    const checks = compileEntryChecks(wholeProcessor)
    const view = new DataView(vmcsOf({}).buffer as ArrayBuffer)
    expect(checks.failure(view, plainFacts, 0)).toBeUndefined()
    expect(checks.failure(view, { ...plainFacts, longMode: false }, 0)?.id).toBe('host-width-of-legacy')
  })
})

test('every check of KVM is one of the manual, but for enlightened VMCSs', () => {
  const linked = new Set(entryChecks.flatMap(({ kvm: ids = [] }) => ids))
  expect(kvmChecks.map(({ id }) => id).filter((id) => !linked.has(id))).toEqual([
    'nested-vmx-enlightened-pin-controls',
    'nested-vmx-enlightened-secondary-controls',
    'nested-vmx-enlightened-perf-global-ctrl',
    'nested-vmx-enlightened-vm-functions',
  ])
})

/** What a check of KVM finds, a check of the manual that is linked to it finds, too, and the other way round. */
test.each(entryChecks.filter(({ kvm: ids }) => ids !== undefined).map((one) => [one.id, one] as const))(
  'KVM finds some of what %s finds, as it says',
  (_, one) => {
    const found = witnessesOf(one).flatMap(({ broken }) => {
      const entry = {
        read: vmcsReader(wholeVmcsOf(broken.values), wholeVmcsLayout),
        vcpu: { ...vcpu, ...broken.processor, efer: broken.facts.longMode ? 0x500n : 0n, linkedRevision: 1 },
        runPending: true,
      }
      return kvmChecks.filter(({ fails }) => fails(entry)).map(({ id }) => id)
    })
    for (const id of one.kvm ?? []) expect(found).toContain(id)
  },
)
