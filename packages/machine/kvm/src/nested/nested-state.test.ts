import { hostNamed } from '@vmm/cpu-models'
import { changeEntry } from '@vmm/cpuid'
import { ioctlNamed } from '@vmm/kvm-uapi'
import { vmcbOf, vmcs12Of, vmcs12Reader } from '@vmm/nested-vmx'
import { errnos } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { ioctl } from '../door/ioctl.ts'
import { KvmFile } from '../door/kvm-file.ts'
import { openKvm } from '../kvm.ts'
import { ProcessMemory } from '../user-memory.ts'
import type { KvmVcpu } from '../vcpu.ts'

function madeOn(kernel: string, name: 'spr' | 'milan' = 'spr') {
  const found = hostNamed(name)
  if (found.kind !== 'host') throw new Error(found.says)
  const kvm = openKvm({ kernel, host: found.host, memoryBytes: 1 << 20 })
  const vm = kvm.createVm()
  if (vm.kind === 'refused') throw new Error(vm.says)
  const vcpu = vm.value.createVcpu(0)
  if (vcpu.kind === 'refused') throw new Error(vcpu.says)
  expect(vcpu.value.setCpuid2(kvm.getSupportedCpuid()).kind).toBe('done')
  return { kvm, vm: vm.value, vcpu: vcpu.value }
}

interface Header {
  readonly flags?: number
  readonly format?: number
  readonly size?: number
  readonly first?: bigint
  readonly second?: bigint
  readonly smm?: number
  readonly vmxFlags?: number
}

/** The bytes of a `struct kvm_nested_state`. */
function stateOf(header: Header, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(128 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, header.flags ?? 0, true)
  view.setUint16(2, header.format ?? 0, true)
  view.setUint32(4, header.size ?? bytes.length, true)
  view.setBigUint64(8, header.first ?? noAddress, true)
  view.setBigUint64(16, header.second ?? noAddress, true)
  view.setUint16(24, header.smm ?? 0, true)
  view.setUint32(28, header.vmxFlags ?? 0, true)
  bytes.set(data, 128)
  return bytes
}

const noAddress = 0xffff_ffff_ffff_ffffn
const region = vmcs12Of({
  PIN_BASED_VM_EXEC_CONTROL: 0x16n,
  CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n,
  VM_EXIT_CONTROLS: 0x0003_6fffn,
  VM_ENTRY_CONTROLS: 0x0000_13fbn,
  HOST_CR0: 0x8000_0021n,
  HOST_CR3: 0x1000n,
  HOST_CR4: 0x2020n,
  HOST_CS_SELECTOR: 8n,
  HOST_TR_SELECTOR: 0x18n,
  HOST_RIP: 0x7777n,
  GUEST_CR0: 0x8000_0021n,
  GUEST_CR3: 0x2000n,
  GUEST_CR4: 0x2020n,
  GUEST_RFLAGS: 2n,
  GUEST_RIP: 0x1234n,
  GUEST_CS_AR_BYTES: 0xa09bn,
  GUEST_TR_AR_BYTES: 0x8bn,
  VMCS_LINK_POINTER: noAddress,
})
const on = { first: 0x1000n, second: 0x2000n } as const
const l2 = stateOf({ ...on, flags: 1 }, region)

const answerOf = (vcpu: KvmVcpu, bytes: Uint8Array): string => {
  const set = vcpu.setNestedState(bytes)
  return set.kind === 'refused' ? `${set.errno} ${set.rule}` : 'done'
}

describe('KVM_SET_NESTED_STATE on a processor with VMX', () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['a format of SVM', stateOf({ ...on, format: 1 }, region), 'EINVAL nested-vmx-format'],
    ['an empty state', stateOf({}), 'done'],
    ['an empty state with the flag of enlightened VMCSs', stateOf({ flags: 4 }), 'EINVAL nested-vmx-not-enlightened'],
    ['an empty state with flags of SMM', stateOf({ smm: 1 }), 'EINVAL nested-vmx-off-smm-flags'],
    [
      'unknown flags in the header',
      stateOf({ ...on, vmxFlags: 0xffff_ffff }, region),
      'EINVAL nested-vmx-header-flags',
    ],
    ['a VMCS without VMX operation', stateOf({ second: 0x2000n }, region), 'EINVAL nested-vmx-off-vmcs'],
    ['an odd VMXON region', stateOf({ ...on, first: 1n }, region), 'EINVAL nested-vmx-vmxon-address'],
    ['L2 now and in SMM', stateOf({ ...on, flags: 3, smm: 1 }, region), 'EINVAL nested-vmx-two-guest-modes'],
    ['unknown flags of SMM', stateOf({ ...on, smm: 0xfffc }, region), 'EINVAL nested-vmx-smm-flags'],
    ['flags of SMM outside it', stateOf({ ...on, smm: 1 }, region), 'EINVAL nested-vmx-smm-flags-outside'],
    ['a VMCS without room for it', stateOf({ ...on, size: 128 }, region), 'EINVAL nested-vmx-no-room-for-vmcs'],
    [
      'a VMCS in the VMXON region',
      stateOf({ first: 0x1000n, second: 0x1000n }, region),
      'EINVAL nested-vmx-vmcs-is-vmxon',
    ],
    ['a size without a header', stateOf({ size: 127 }), 'EINVAL nested-state-size'],
    ['unknown flags', stateOf({ flags: 0x200 }), 'EINVAL nested-state-flags'],
    ['an entry that is pending into nothing', stateOf({ ...on, flags: 2 }), 'EINVAL nested-state-pending-without-l2'],
    ['a wrong revision', stateOf(on, vmcs12Of({}, 1)), 'EINVAL nested-vmx-revision'],
    ['VMX operation', stateOf({ first: 0x1000n }), 'done'],
    ['a current VMCS', stateOf(on, region), 'done'],
    ['L2', l2, 'done'],
    [
      'L2 with controls that are not allowed',
      stateOf({ ...on, flags: 1 }, vmcs12Of({})),
      'EINVAL nested-vmx-pin-controls',
    ],
  ]

  test.each(cases)('%s', (_, bytes, answer) => {
    expect(answerOf(madeOn('6.12').vcpu, bytes)).toBe(answer)
  })

  test('takes a guest whose CPUID has VMX', () => {
    const { vcpu, kvm } = madeOn('6.12')
    const without = changeEntry(kvm.getSupportedCpuid(), 1, 0, ({ ecx }) => ({ ecx: ecx & ~0x20 }))
    expect(vcpu.setCpuid2(without).kind).toBe('done')
    expect(answerOf(vcpu, stateOf(on, region))).toBe('EINVAL nested-vmx-not-in-cpuid')
    expect(answerOf(vcpu, stateOf({}))).toBe('done')
  })

  test('what is refused late leaves the vCPU where it came to', () => {
    const { vcpu } = madeOn('6.12')
    expect(answerOf(vcpu, l2)).toBe('done')
    expect(answerOf(vcpu, stateOf({ ...on, flags: 1 }, vmcs12Of({})))).toBe('EINVAL nested-vmx-pin-controls')
    expect(vcpu.nesting.state).toMatchObject({ guestMode: false, vmxon: true, vmcs12Address: 0x2000n })
    expect(answerOf(vcpu, l2)).toBe('done')
    expect(answerOf(vcpu, stateOf({ ...on, first: 1n }, region))).toBe('EINVAL nested-vmx-vmxon-address')
    expect(vcpu.nesting.l2Active).toBe(true)
  })
})

describe('a vCPU in L2', () => {
  test('has the registers of its guest, and those of its host when it is forced out', () => {
    const { vcpu } = madeOn('6.12')
    expect(answerOf(vcpu, l2)).toBe('done')
    expect(vcpu.state.getRegs().rip).toBe(0x1234n)
    expect(vcpu.state.getSregs().cr3).toBe(0x2000n)
    expect(answerOf(vcpu, stateOf({}))).toBe('done')
    expect(vcpu.state.getRegs().rip).toBe(0x7777n)
    expect(vcpu.state.getSregs().cs.selector).toBe(8)
  })

  test('tells its VMCS with what its registers have become', () => {
    const { vcpu } = madeOn('6.12')
    answerOf(vcpu, l2)
    vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x4321n })
    const got = vcpu.getNestedState()
    if (got.kind === 'refused') throw new Error(got.says)
    expect(got.value.length).toBe(128 + 4096)
    expect(vmcs12Reader(got.value.subarray(128))('GUEST_RIP')).toBe(0x4321n)
    expect([...got.value.subarray(0, 24)]).toEqual([...l2.subarray(0, 24)])
  })

  test('is run: without memory it leaves for L1 by a triple fault, and L1, which has none either, shuts down', () => {
    const { vcpu } = madeOn('6.12')
    answerOf(vcpu, l2)
    vcpu.page.immediateExit = true
    expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
    expect(vcpu.nesting.l2Active).toBe(true)
    vcpu.page.immediateExit = false
    expect(vcpu.run()).toMatchObject({ kind: 'done', value: { kind: 'shutdown' } })
    expect(vcpu.nesting.l2Active).toBe(false)
    expect(vmcs12Reader(vcpu.nesting.state.vmcs12)('VM_EXIT_REASON')).toBe(2n)
  })

  test('is told in the flags of kvm_run from 6.11 on', () => {
    const flags = (kernel: string) => {
      const { vcpu } = madeOn(kernel)
      answerOf(vcpu, l2)
      vcpu.page.immediateExit = true
      vcpu.run()
      return (vcpu.page.bytes[14] ?? 0) & 4
    }
    expect([flags('6.10'), flags('6.11')]).toEqual([0, 4])
  })

  test('is left, with VMX operation, when user space says that the vCPU is in SMM', () => {
    const { vcpu } = madeOn('6.12')
    answerOf(vcpu, l2)
    const events = vcpu.state.getVcpuEvents()
    expect(vcpu.state.setVcpuEvents({ ...events, flags: 8, smi: { ...events.smi, smm: 1 } })).toBeUndefined()
    expect(vcpu.nesting.state).toMatchObject({ guestMode: false, vmxon: false })
    expect(answerOf(vcpu, l2)).toBe('EINVAL nested-vmx-l2-in-smm')
    expect(answerOf(vcpu, stateOf({ ...on, smm: 2 }, region))).toBe('done')
    expect(vcpu.nesting.state).toMatchObject({ smmVmxon: true, vmxon: false })
  })

  test('does not take another CPUID table from 7.0 on', () => {
    const other = (kernel: string) => {
      const { vcpu, kvm } = madeOn(kernel)
      answerOf(vcpu, l2)
      return vcpu.setCpuid2(changeEntry(kvm.getSupportedCpuid(), 1, 0, ({ ebx }) => ({ ebx: ebx ^ 0x100 }))).kind
    }
    expect([other('6.19'), other('7.0')]).toEqual(['done', 'refused'])
  })

  test('is left when IA32_FEATURE_CONTROL is written with 0', () => {
    const { vcpu } = madeOn('6.12')
    answerOf(vcpu, l2)
    vcpu.state.setMsrs([{ index: 0x3a, data: 0n }])
    expect(vcpu.nesting.state).toMatchObject({ guestMode: false, vmxon: false })
  })

  test('keeps the bits of CR4 that VMX fixes', () => {
    const { vcpu } = madeOn('6.12')
    answerOf(vcpu, l2)
    const sregs = vcpu.state.getSregs()
    expect(vcpu.state.setSregs({ ...sregs, cr4: sregs.cr4 & ~0x2000n })).toMatchObject({ rule: 'nested-sregs-cr4' })
    expect(vcpu.state.setSregs(sregs)).toBeUndefined()
  })
})

describe('the binary door', () => {
  const task = { memory: new ProcessMemory(), mm: {} }
  const buffer = new Uint8Array(128 + 0x2000)
  task.memory.map(0x1_0000n, buffer)
  const call = (vcpu: KvmVcpu, vm: ReturnType<typeof madeOn>['vm'], name: string, at: bigint): number => {
    const file = new KvmFile({ kind: 'vcpu', vm, vcpu }, task.mm)
    return ioctl(task, file, ioctlNamed(name)?.number ?? 0, at).value
  }

  test('KVM_GET_NESTED_STATE with too little room fails with E2BIG, and writes the size that it takes', () => {
    const { vcpu, vm } = madeOn('6.12')
    answerOf(vcpu, l2)
    buffer.fill(0)
    new DataView(buffer.buffer).setUint32(4, 200, true)
    expect(call(vcpu, vm, 'KVM_GET_NESTED_STATE', 0x1_0000n)).toBe(-errnos.E2BIG)
    expect(new DataView(buffer.buffer).getUint32(4, true)).toBe(4224)
    expect(new DataView(buffer.buffer).getUint16(0, true)).toBe(0)
    expect(call(vcpu, vm, 'KVM_GET_NESTED_STATE', 0x1_0000n)).toBe(0)
    expect(call(vcpu, vm, 'KVM_SET_NESTED_STATE', 0x1_0000n)).toBe(0)
  })

  test('a header that cannot be read is EFAULT, and so is a VMCS', () => {
    const { vcpu, vm } = madeOn('6.12')
    expect(call(vcpu, vm, 'KVM_GET_NESTED_STATE', 0x9_0000n)).toBe(-errnos.EFAULT)
    expect(call(vcpu, vm, 'KVM_SET_NESTED_STATE', 0x9_0000n)).toBe(-errnos.EFAULT)
    buffer.fill(0)
    buffer.set(l2.subarray(0, 128), buffer.length - 128)
    expect(call(vcpu, vm, 'KVM_SET_NESTED_STATE', 0x1_0000n + BigInt(buffer.length - 128))).toBe(-errnos.EFAULT)
  })
})

test('a vCPU in an L2 of SVM is out of it when INIT resets it, from 6.0.11 on', () => {
  const vmcb = vmcbOf({
    ...{ INTERCEPT_WORD4: 1n, GUEST_ASID: 1n, CS: 0x029b_0008n, EFER: 0x1500n, CR0: 0x8000_0011n, CR3: 0x1000n },
    ...{ CR4: 0x20n, DR6: 0xffff_0ff0n, DR7: 0x400n, RFLAGS: 2n },
  })
  const left = (kernel: string) => {
    const { vcpu } = madeOn(kernel, 'milan')
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({
      ...sregs,
      efer: 0x1500n,
      cr0: 0x8000_0011n,
      cr4: 0x20n,
      cs: { ...sregs.cs, selector: 8, l: 1, db: 0 },
    })
    expect(answerOf(vcpu, stateOf({ format: 1, flags: 0x101, first: 0x3000n }, vmcb))).toBe('done')
    expect(vcpu.nesting.l2Active).toBe(true)
    vcpu.signal({ kind: 'init' })
    vcpu.state.getMpState()
    expect(vcpu.state.getSregs().cs.selector).toBe(0xf000)
    return !vcpu.nesting.l2Active
  }
  expect([left('6.0.10'), left('6.0.11'), left('6.12')]).toEqual([false, true, true])
})

test('KVM_CAP_NESTED_STATE tells the most that there can be', () => {
  const bytes = (kernel: string, host: 'spr' | 'milan') => madeOn(kernel, host).kvm.checkExtension(157)
  expect([bytes('6.12', 'spr'), bytes('6.12', 'milan'), bytes('5.4', 'milan'), bytes('5.4', 'spr')]).toEqual([
    8320, 4224, 0, 8320,
  ])
})
