import type { OutputRegister } from '../../leaf.ts'

/** A register of CPUID that holds feature bits. */
export interface FeatureWord {
  readonly leaf: number
  readonly index: number
  readonly register: OutputRegister
}

const row = (leaf: number, index: number, register: OutputRegister): FeatureWord => ({ leaf, index, register })

/** The words that KVM keeps of a guest. Source: arch/x86/kvm/reverse_cpuid.h, reverse_cpuid[] (Linux 6.12.117). */
export const featureWords: readonly FeatureWord[] = [
  row(0x0000_0001, 0, 'edx'),
  row(0x0000_0001, 0, 'ecx'),
  row(0x0000_0006, 0, 'eax'),
  row(0x0000_0007, 0, 'ebx'),
  row(0x0000_0007, 0, 'ecx'),
  row(0x0000_0007, 0, 'edx'),
  row(0x0000_0007, 1, 'eax'),
  row(0x0000_0007, 1, 'edx'),
  row(0x0000_0007, 2, 'edx'),
  row(0x0000_000d, 1, 'eax'),
  row(0x0000_0012, 0, 'eax'),
  row(0x0000_0024, 0, 'ebx'),
  row(0x8000_0001, 0, 'edx'),
  row(0x8000_0001, 0, 'ecx'),
  row(0x8000_0007, 0, 'ebx'),
  row(0x8000_0007, 0, 'edx'),
  row(0x8000_0008, 0, 'ebx'),
  row(0x8000_000a, 0, 'edx'),
  row(0x8000_001f, 0, 'eax'),
  row(0x8000_0021, 0, 'eax'),
  row(0x8000_0021, 0, 'ecx'),
  row(0x8000_0022, 0, 'eax'),
  row(0x8086_0001, 0, 'edx'),
  row(0xc000_0001, 0, 'edx'),
]
