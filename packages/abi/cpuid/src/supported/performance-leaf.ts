import type { CpuidEntry } from '../entry.ts'
import { vendorOf } from '../text.ts'
import { usesPmu } from './conditions.ts'
import { kvmEntry } from './leaf-answer.ts'
import { type Reporting, rawAnswer } from './reporting.ts'

const mostGeneral = 8
const mostFixed = 3
const anythreadDeprecated = 1 << 15

/**
 * Leaf 0AH: the host's counters as version 2 at most, without AnyThread.
 *
 * Source: arch/x86/kvm/cpuid.c __do_cpuid_func; arch/x86/kvm/pmu.h kvm_init_pmu_capability (6.12.117).
 */
export function performanceLeaf(reporting: Reporting): readonly CpuidEntry[] {
  const { host } = reporting
  if (vendorOf(host.cpuid) !== 'GenuineIntel' || !usesPmu(host)) return [kvmEntry(reporting, 0x0a, 0, {})]
  const raw = rawAnswer(reporting, 0x0a, 0)
  const byte = (value: number, at: number) => (value >>> at) & 0xff
  const version = Math.min(byte(raw.eax, 0), 2)
  const general = Math.min(byte(raw.eax, 8), mostGeneral)
  const eax = ((byte(raw.eax, 24) << 24) | (byte(raw.eax, 16) << 16) | (general << 8) | version) >>> 0
  const fixed = Math.min(raw.edx & 0x1f, mostFixed)
  const edx = (anythreadDeprecated | (raw.edx & 0x1fe0) | fixed) >>> 0
  return [kvmEntry(reporting, 0x0a, 0, { eax, ebx: raw.ebx, edx })]
}
