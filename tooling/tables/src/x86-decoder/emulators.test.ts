import { rows } from '@vmm/x86-opcodes'
import { expect, test } from 'vitest'
import { judgedInKernels } from './emulators.ts'

const judged = judgedInKernels()
const of = (mnemonic: string, operand?: string) =>
  judged.get(
    rows.findIndex((row) => row.mnemonic === mnemonic && (operand === undefined || row.operands[0] === operand)),
  )

test('kernels in system mode ask both emulators what no program can ask', () => {
  for (const row of [of('LTR'), of('LLDT'), of('WRMSR'), of('SYSRET'), of('MOV', 'Cy')]) {
    expect(row?.qemu).toBeGreaterThan(0)
    expect(row?.bochs).toBeGreaterThan(0)
  }
})

test('QEMU has no VMX, and is not said to judge it', () => {
  expect(of('VMXON')?.qemu).toBe(0)
  expect(of('VMXON')?.bochs).toBeGreaterThan(0)
})

test('what no kernel has is judged by nobody', () => {
  expect(of('VPGATHERDD')).toBeUndefined()
})
