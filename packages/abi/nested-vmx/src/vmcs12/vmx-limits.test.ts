import { expect, test } from 'vitest'
import { areControlsAllowed, hasFixedBits, offeredVmxMsrs, offersControl, vmxMsrs } from './vmx-limits.ts'

test('controls have all that must be set, and nothing that may not be', () => {
  expect(areControlsAllowed(offeredVmxMsrs, 'pin', 0x16n)).toBe(true)
  expect(areControlsAllowed(offeredVmxMsrs, 'pin', 0x06n)).toBe(false)
  expect(areControlsAllowed(offeredVmxMsrs, 'pin', 0x116n)).toBe(false)
  expect(offersControl(offeredVmxMsrs, 'primary', 1n << 27n)).toBe(true)
  expect(offersControl(offeredVmxMsrs, 'primary', 1n << 17n)).toBe(false)
})

test('the bits of CR0 that VMX fixes are those of protected mode, paging and native errors', () => {
  expect(hasFixedBits(offeredVmxMsrs, 'CR0', 0x8000_0021n)).toBe(true)
  expect(hasFixedBits(offeredVmxMsrs, 'CR0', 0x8000_0001n)).toBe(false)
  expect(hasFixedBits(offeredVmxMsrs, 'CR0', 0x20n, 0x8000_0001n)).toBe(true)
  expect(hasFixedBits(offeredVmxMsrs, 'CR4', 0x20n)).toBe(false)
})

test('what MSRs tell goes before what KVM offers', () => {
  const msrs = vmxMsrs((index) => (index === 0x48d ? 0x16_0000_0016n : undefined))
  expect(areControlsAllowed(msrs, 'pin', 0x17n)).toBe(false)
  expect(msrs.IA32_VMX_MISC).toBe(offeredVmxMsrs.IA32_VMX_MISC)
})
