import {
  primaryControls,
  secondaryControls,
  type Vmcs12Values,
  vmcs12Of,
  vmcs12Reader,
  vmcs12Revision,
} from '@vmm/nested-vmx'
import { type Assembler, ecx, rbx, rcx, rdx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { hypervisor, plainVmcs, reasonOf } from './hypervisor.ts'

const [shadow, reads, writes] = [0x2_0000, 0x2_1000, 0x2_2000]
const isShadow = 0x8000_0000
const fields: Vmcs12Values = {
  CPU_BASED_VM_EXEC_CONTROL: plainVmcs.CPU_BASED_VM_EXEC_CONTROL! | primaryControls.SECONDARY_CONTROLS,
  SECONDARY_VM_EXEC_CONTROL: secondaryControls.VMCS_SHADOWING,
  VMCS_LINK_POINTER: BigInt(shadow),
  VMREAD_BITMAP: BigInt(reads),
  VMWRITE_BITMAP: BigInt(writes),
}
/** GUEST_RIP, the upper half of TSC_OFFSET, and the reason of an exit. */
const field = { rip: 0x681e, offsetHigh: 0x2011, reason: 0x4402 } as const

interface Lent {
  readonly fields?: Vmcs12Values
  /** Encodings whose bit is set, in the bitmap of VMREAD and in that of VMWRITE. */
  readonly bits?: readonly (readonly [bitmap: number, encoding: number])[]
}

/** L2 with a shadow VMCS whose GUEST_RIP is 1234H, run until L1 has it back. */
function lent(l2: (a: Assembler) => void, { fields: other = {}, bits = [] }: Lent = {}) {
  const it = hypervisor({
    fields: { ...fields, ...other },
    l2,
    memory: (write) => {
      write(shadow, vmcs12Of({ GUEST_RIP: 0x1234n, TSC_OFFSET: 0x5n }, (vmcs12Revision | isShadow) >>> 0))
      for (const [bitmap, encoding] of bits) write(bitmap + (encoding >> 3), Uint8Array.of(1 << (encoding & 7)))
    },
  })
  const exit = it.run()
  const read = vmcs12Reader(it.engine.physical(shadow)!.slice(0, 0x1000))
  return { ...it, exit, read, reason: reasonOf(it) }
}

const asks = (encoding: number) => (a: Assembler) => {
  a.mov(ecx, encoding).vmread(rbx, rcx).pushfq().pop(rdx).vmcall()
}
const puts = (encoding: number, value: number) => (a: Assembler) => {
  a.mov(ecx, encoding).mov(rbx, value).vmwrite(rcx, rbx).pushfq().pop(rdx).vmcall()
}

describe('a VMCS that L1 lends to L2', () => {
  test('is read without an exit, and its own VMCS is another', () => {
    const it = lent(asks(field.rip))
    expect([it.reason, it.vcpu.state.getRegs().rbx]).toEqual(['VMCALL', 0x1234n])
  })

  test('is written without an exit, by halves too', () => {
    expect(lent(puts(field.rip, 0x777)).read('GUEST_RIP')).toBe(0x777n)
    const half = lent(puts(field.offsetHigh, 9))
    expect([half.reason, half.read('TSC_OFFSET')]).toEqual(['VMCALL', 0x9_0000_0005n])
    expect(half.field('TSC_OFFSET')).toBe(0n)
  })

  test('is left for where the bit of a field is set in the bitmap of the instruction', () => {
    const read = lent(asks(field.rip), { bits: [[reads, field.rip]] })
    expect([read.reason, read.field('EXIT_QUALIFICATION')]).toEqual(['VMREAD', 0n])
    expect(lent(asks(field.rip), { bits: [[writes, field.rip]] }).reason).toBe('VMCALL')
    const written = lent(puts(field.rip, 1), { bits: [[writes, field.rip]] })
    expect([written.reason, written.read('GUEST_RIP')]).toEqual(['VMWRITE', 0x1234n])
  })

  test('is left for by what no bitmap has, and where bitmaps have no memory', () => {
    expect(lent(asks(0x1_0000 | field.rip)).reason).toBe('VMREAD')
    expect(lent(asks(field.rip), { fields: { VMREAD_BITMAP: 0x10_0000n } }).reason).toBe('VMREAD')
  })

  test('has no other fields than the processor: VMfailValid, with the number in L1’s VMCS', () => {
    const it = lent(asks(0x7ffe))
    expect([it.reason, it.vcpu.state.getRegs().rdx & 0x41n, it.field('VM_INSTRUCTION_ERROR')]).toEqual([
      'VMCALL',
      0x40n,
      12n,
    ])
  })

  test('may be none: VMfailInvalid', () => {
    const none = { fields: { VMCS_LINK_POINTER: plainVmcs.VMCS_LINK_POINTER! } }
    for (const l2 of [asks(field.rip), puts(field.rip, 1)]) {
      const it = lent(l2, none)
      expect([it.reason, it.vcpu.state.getRegs().rdx & 0x41n]).toEqual(['VMCALL', 1n])
    }
  })

  test('lets what is read-only elsewhere be written where the processor says so', () => {
    expect(lent(puts(field.reason, 3)).read('VM_EXIT_REASON')).toBe(3n)
  })

  test('is told with the state of L2, and is there again when user space puts that back', () => {
    const it = hypervisor({
      fields,
      l2: (a) => {
        a.mov(ecx, field.rip).mov(rbx, 0x777).vmwrite(rcx, rbx).label('on').jmp('on')
      },
      memory: (write) => write(shadow, vmcs12Of({}, (vmcs12Revision | isShadow) >>> 0)),
    })
    it.run(100)
    const told = it.vcpu.vmx.told()
    expect([told.guestMode, vmcs12Reader(told.shadowVmcs12)('GUEST_RIP')]).toEqual([true, 0x777n])
    it.engine.writePhysical(shadow, new Uint8Array(0x1000))
    it.vcpu.vmx.become(told)
    expect(vmcs12Reader(it.engine.physical(shadow)!.slice(0, 0x1000))('GUEST_RIP')).toBe(0x777n)
  })
})
