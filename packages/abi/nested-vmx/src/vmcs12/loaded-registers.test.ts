import { expect, test } from 'vitest'
import { registersOfL1, registersOfL2, vmcs12OfL2 } from './loaded-registers.ts'
import { vmcs12Of, vmcs12Reader } from './vmcs12.ts'

const region = vmcs12Of({
  GUEST_RIP: 0x1234n,
  GUEST_RSP: 0x5678n,
  GUEST_RFLAGS: 0x202n,
  GUEST_CR0: 0x8000_0031n,
  GUEST_CS_SELECTOR: 0x10n,
  GUEST_CS_LIMIT: 0xffff_ffffn,
  GUEST_CS_AR_BYTES: 0xa09bn,
  GUEST_GDTR_BASE: 0x9000n,
  GUEST_GDTR_LIMIT: 0x7fn,
  VM_ENTRY_CONTROLS: 0x200n | 0x8000n,
  GUEST_IA32_EFER: 0xd01n,
  VM_EXIT_CONTROLS: 0x200n,
  HOST_RIP: 0xffff_8000_0000_1000n,
  HOST_CS_SELECTOR: 8n,
  HOST_TR_SELECTOR: 0x40n,
  HOST_TR_BASE: 0x7000n,
})

test('L2 is entered with the registers of the guest of its VMCS', () => {
  const { sregs, rip, rsp, rflags } = registersOfL2(region, 1n, false)
  expect([rip, rsp, rflags, sregs.cr0, sregs.efer]).toEqual([0x1234n, 0x5678n, 0x202n, 0x8000_0031n, 0x501n])
  expect(sregs.cs).toMatchObject({ selector: 0x10, limit: 0xffff_ffff, type: 11, s: 1, present: 1, l: 1, db: 0, g: 1 })
  expect(sregs.gdt).toMatchObject({ base: 0x9000n, limit: 0x7f })
})

test('an entry that is pending loads EFER where the VMCS says so', () => {
  expect(registersOfL2(region, 1n, true).sregs.efer).toBe(0xd01n)
})

test('L1 is left with the registers of the host of the VMCS', () => {
  const { sregs, rip, rflags } = registersOfL1(region, 0x401n)
  expect([rip, rflags, sregs.efer]).toEqual([0xffff_8000_0000_1000n, 2n, 0x501n])
  expect(sregs.cs).toMatchObject({ selector: 8, limit: 0xffff_ffff, l: 1, db: 0 })
  expect(sregs.tr).toMatchObject({ selector: 0x40, base: 0x7000n, limit: 0x67, type: 11, s: 0 })
  expect(sregs.ldt.unusable).toBe(1)
})

test('what L2 has become is told in its VMCS, and enters it again as it was', () => {
  const loaded = registersOfL2(region, 1n, false)
  const told = vmcs12OfL2(region, { ...loaded, rip: 0x1300n })
  expect(vmcs12Reader(told)('GUEST_RIP')).toBe(0x1300n)
  expect(registersOfL2(told, 1n, false)).toEqual({ ...loaded, rip: 0x1300n })
})
