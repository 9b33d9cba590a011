import { bits } from '@vmm/bits'
import { apm, sdm } from '@vmm/source'
import { leaf } from './leaf.ts'

const source = sdm('2A', '3.3', 'CPUID—CPU Identification')

export const leaf0B = leaf(0x0b, { from: 0 }, 'Extended Topology', source, {
  eax: { TOPOLOGY_SHIFT: bits(4, 0, 'Bits to shift the x2APIC ID right for the ID of the next domain') },
  ebx: { LOGICAL_PROCESSORS: bits(15, 0, 'Logical processors in this domain') },
  ecx: {
    TOPOLOGY_SUBLEAF: bits( 7, 0, 'The ECX input, low 8 bits'),
    DOMAIN_TYPE:      bits(15, 8, '0 invalid, 1 logical processor, 2 core'),
  },
  edx: { X2APIC_ID: bits(31, 0, 'The x2APIC ID of this logical processor') },
})

export const leaf1A = leaf(0x1a, 'any', 'Native Model', source, {
  eax: {
    NATIVE_MODEL: bits(23,  0, 'Native model ID'),
    CORE_TYPE:    bits(31, 24, '20H Intel Atom, 40H Intel Core'),
  },
})

export const leaf1F = leaf(0x1f, { from: 0 }, 'V2 Extended Topology', source, {
  eax: { TOPOLOGY_SHIFT: bits(4, 0, 'Bits to shift the x2APIC ID right for the ID of the next domain') },
  ebx: { LOGICAL_PROCESSORS: bits(15, 0, 'Logical processors in this domain') },
  ecx: {
    TOPOLOGY_SUBLEAF: bits( 7, 0, 'The ECX input, low 8 bits'),
    DOMAIN_TYPE:      bits(15, 8, '0 invalid, 1 logical processor, 2 core, 3 module, 4 tile, 5 die, 6 die group'),
  },
  edx: { X2APIC_ID: bits(31, 0, 'The x2APIC ID of this logical processor') },
})

export const leaf8000001E = leaf(0x8000_001e, 'any', 'Processor Topology (AMD)', apm('3', 'E.4.16', 'Function 8000_001Eh—Processor Topology Information'), {
  eax: { EXTENDED_APIC_ID: bits(31, 0, 'The extended APIC ID') },
  ebx: {
    COMPUTE_UNIT_ID:  bits( 7, 0, 'Compute unit or core ID'),
    THREADS_PER_UNIT: bits(15, 8, 'Threads in the unit, minus 1'),
  },
  ecx: {
    NODE_ID:             bits( 7, 0, 'Node ID'),
    NODES_PER_PROCESSOR: bits(10, 8, 'Nodes in the package, minus 1'),
  },
})
