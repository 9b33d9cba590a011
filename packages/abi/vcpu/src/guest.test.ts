import { buildTable, type CpuidTable } from '@vmm/cpuid'
import { expect, test } from 'vitest'
import { Guest } from './guest.ts'

function table(model: 'x86-64-v1' | 'x86-64-v2'): CpuidTable {
  const built = buildTable({ model })
  if (built.kind === 'refused') throw new Error(built.says)
  return built.entries
}

test('a guest is what its table says, and what was said beside it until the table is replaced', () => {
  const guest = new Guest(table('x86-64-v1'), { has: () => true, physicalAddressWidth: 52 })
  expect([guest.has('SSE4_2'), guest.physicalAddressWidth]).toEqual([true, 52])
  guest.replaceTable(table('x86-64-v1'), {})
  expect([guest.has('SSE4_2'), guest.has('SSE2')]).toEqual([false, true])
  guest.replaceTable(table('x86-64-v2'), {})
  expect(guest.has('SSE4_2')).toBe(true)
})

test('an empty table is a processor without features, with 36 bits of physical address', () => {
  const guest = new Guest([], {})
  expect([guest.has('SSE2'), guest.physicalAddressWidth, guest.signature, guest.supportedXcr0]).toEqual([
    false,
    36,
    0x600,
    0n,
  ])
})
