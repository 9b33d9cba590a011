import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { hostReads, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const run = (first: number, count: number) => Array.from({ length: count }, (_, at) => first + at)
const both = [0x808, 0x80f, 0x828, 0x82f, 0x830, ...run(0x832, 7), 0x83e]
const readable = new Set([...both, 0x802, 0x803, 0x80a, 0x80d, ...run(0x810, 24), 0x839])
const writable = new Set([...both, 0x80b, 0x83f])

function refuses({ access, index, vcpu }: MsrCall): boolean {
  if (index < 0x800 || index > 0x8ff || vcpu.localApic !== 'x2apic') return false
  return !(access === 'read' ? readable : writable).has(index)
}

const around = { vcpu: { localApic: 'x2apic' } } as const

export const x2apicAccess = registerRule({
  id: 'x2apic-access',
  catalogue: 'mtrr-x2apic-range',
  says: 'of an x2APIC, EOI and SELF IPI cannot be read, and identifiers and states cannot be written',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/lapic.c', 'kvm_lapic_readable_reg_mask', '6.12')],
  evidence: 'source',
  refuses,
  witness: { refused: hostWrites(0x802, 0n, around), accepted: hostReads(0x802, 0n, around) },
})
