import { always, type ReleasedLifetime, since } from '@vmm/rule'
import { kernelSource, type Source } from '@vmm/source'

/** A function whose entries KVM marks with KVM_CPUID_FLAG_SIGNIFCANT_INDEX. */
export interface IndexedFunction {
  readonly function: number
  readonly lifetime: ReleasedLifetime
  readonly source: Source
}

const older = kernelSource('arch/x86/kvm/cpuid.c', 'do_host_cpuid', '5.10.13')
const newer = kernelSource('arch/x86/include/asm/cpuid.h', 'cpuid_function_is_indexed', '6.12.117')

const row = (number: number, lifetime: ReleasedLifetime, source: Source): IndexedFunction =>
  ({ function: number, lifetime, source })

export const indexed: readonly IndexedFunction[] = [
  row(0x04,        always,        older),
  row(0x07,        always,        older),
  row(0x0b,        always,        older),
  row(0x0d,        always,        older),
  row(0x0f,        always,        older),
  row(0x10,        always,        older),
  row(0x12,        always,        older),
  row(0x14,        always,        older),
  row(0x17,        always,        older),
  row(0x18,        always,        older),
  row(0x1d,        since('5.17'), newer),
  row(0x1e,        since('5.17'), newer),
  row(0x1f,        always,        older),
  row(0x24,        since('6.12'), newer),
  row(0x8000_001d, always,        older),
]
