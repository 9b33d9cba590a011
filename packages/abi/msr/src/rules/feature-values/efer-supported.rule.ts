import type { Feature } from '@vmm/cpuid'
import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** What of a host decides which bits of IA32_EFER its guests may have. */
export interface EferHost {
  readonly module: 'kvm_intel' | 'kvm_amd'
  readonly features: ReadonlySet<Feature>
  /** kvm_amd's `nested`. */
  readonly nestedSvm: boolean
}

const sceLmeLma = 0x501n
const amd: EferHost = {
  module: 'kvm_amd',
  features: new Set<Feature>(['NX', 'FFXSR', 'AUTOMATIC_IBRS']),
  nestedSvm: true,
}

const bits = ({ module, features, nestedSvm }: EferHost): bigint =>
  sceLmeLma |
  (features.has('NX') ? 0x800n : 0n) |
  (module === 'kvm_amd' && nestedSvm ? 0x3000n : 0n) |
  (module === 'kvm_amd' && features.has('FFXSR') ? 0x4000n : 0n)

/** The bits that are not refused to everybody. */
export const eferSupported = behaviour<EferHost, bigint>({
  id: 'efer-supported',
  catalogue: 'efer',
  says: 'IA32_EFER has SCE, long mode, and what the host and its module add: NXE, SVME and LMSLE, FFXSR, automatic IBRS',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'efer_reserved_bits', '6.12'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_hardware_setup', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until({ absentIn: '6.1', presentIn: '6.12' }),
      says: 'without automatic IBRS',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'efer_reserved_bits', '6.1')],
      does: bits,
      witness: { in: amd, out: 0x7d01n },
    },
    {
      lifetime: since({ absentIn: '6.1', presentIn: '6.12' }),
      does: (host) => bits(host) | (host.features.has('AUTOMATIC_IBRS') ? 1n << 21n : 0n),
      witness: { in: amd, out: 0x20_7d01n },
    },
  ],
})
