import { expect, test } from 'vitest'
import { buildTable, type CpuidTable, entry, executeCpuid, lookup } from './index.ts'

const built = buildTable({ cpus: 2, tscKhz: 2_000_000 })
const table: CpuidTable = built.kind === 'table' ? built.entries : []

function answered(kernel: Parameters<typeof executeCpuid>[0], of: CpuidTable, rax: bigint, rcx = 0n) {
  const executed = executeCpuid(kernel, { table: of, rax, rcx })
  return executed.kind === 'answer' ? executed.answer : executed
}

test.each([0x0n, 0x1n, 0x7n, 0xbn, 0xdn, 0x55n, 0x4000_0001n, 0x4000_0055n, 0x8000_0008n, 0x8000_0055n, 0xc000_0000n])(
  'a current kernel answers leaf %s as a CPU does',
  (leaf) => {
    for (const index of [0n, 1n, 2n, 7n, 0xffff_ffffn]) {
      expect(answered('6.12', table, leaf, index)).toEqual(lookup(table, Number(leaf), Number(index)))
    }
  },
)

test('CPUID faulting is for the guest’s user mode', () => {
  const at = (cpl: 0 | 3) => executeCpuid('6.1', { table, rax: 0n, rcx: 0n, faulting: true, cpl })
  expect(at(3)).toMatchObject({ kind: 'refused', errno: '#GP(0)', rule: 'cpuid-faulting' })
  expect(at(0).kind).toBe('answer')
})

test('the upper halves of RAX and RCX are nothing to CPUID', () => {
  expect(answered('6.1', table, 0xdead_beef_0000_0007n)).toEqual(lookup(table, 7, 0))
})

const amd = [entry(0, { eax: 1, ebx: 0x6874_7541, ecx: 0x444d_4163, edx: 0x6974_6e65 }), entry(1, { eax: 9 })]

test('before 5.5 a guest with AMD’s vendor got Intel’s answer to a leaf out of range', () => {
  expect(answered('5.4', amd, 0x55n)).toMatchObject({ eax: 9 })
  expect(answered('5.5', amd, 0x55n)).toMatchObject({ eax: 0 })
})

test('until 5.7 a hypervisor’s leaves were out of the basic range', () => {
  const intel = [entry(0, { eax: 1 }), entry(1, { eax: 9 }), entry(0x4000_0000, { eax: 0x4000_0001 })]
  expect(answered('5.6', intel, 0x4000_0001n)).toMatchObject({ eax: 9 })
  expect(answered('5.7', intel, 0x4000_0001n)).toMatchObject({ eax: 0 })
})

test('what KVM hides on the way out stays in the table', () => {
  const tsx = [entry(0, { eax: 7 }), entry(7, { ebx: (1 << 11) | (1 << 4) | 1 }, 0)]
  const executed = executeCpuid('6.1', { table: tsx, rax: 7n, rcx: 0n, tsxCtrl: 2n })
  expect(executed).toMatchObject({ kind: 'answer', answer: { ebx: 1 } })
  const power = [entry(0x8000_0000, { eax: 0x8000_0007 }), entry(0x8000_0007, { edx: 0x100 })]
  const hidden = (kernel: '6.1' | '6.12') =>
    executeCpuid(kernel, { table: power, rax: 0x8000_0007n, rcx: 0n, invariantTscHidden: true })
  expect(hidden('6.1')).toMatchObject({ answer: { edx: 0x100 } })
  expect(hidden('6.12')).toMatchObject({ answer: { edx: 0 } })
})
