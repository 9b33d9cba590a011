import { type CpuidTable, type ExecuteCpuid, has, type SetCpuid } from '@vmm/cpuid'
import type { Vcpu } from '@vmm/vcpu'

/** What KVM_SET_CPUID2 goes by beside the table. */
export interface SetCpuidArgument {
  /** Dynamic XCR0 bits that the process may give guests. */
  readonly permitted?: bigint
  /** What of the argument cannot be read. */
  readonly unreadable?: SetCpuid['unreadable'] | undefined
}

/** What KVM_GET_CPUID2 writes: the entries, and the number that is in the header afterwards. */
export interface ToldCpuid {
  /** Nothing from 5.10 to 5.10.14, which told something else. */
  readonly entries: CpuidTable
  readonly nent: number
}

/** MSR_MISC_FEATURES_ENABLES, IA32_TSX_CTRL and HV_X64_MSR_TSC_INVARIANT_CONTROL. */
const msrs = { features: 0x140, tsx: 0x122, invariant: 0x4000_0118 } as const

/** What a guest gets where CPUID faults. */
export const cpuidFault = { kind: 'fault', vector: 13, errorCode: 0 } as const

/** What beside its table decides what a guest's CPUID answers, and whether. */
export function whatCpuidGoesBy(vcpu: Vcpu): Pick<ExecuteCpuid, 'cpl' | 'faulting' | 'tsxCtrl' | 'invariantTscHidden'> {
  return {
    cpl: Number(vcpu.engine.get('CPL')) as 0 | 1 | 2 | 3,
    faulting: ((vcpu.msr(msrs.features) ?? 0n) & 1n) === 1n,
    tsxCtrl: vcpu.msr(msrs.tsx),
    invariantTscHidden: has(vcpu.cpuid, 'HV_ACCESS_TSC_INVARIANT') && (vcpu.msr(msrs.invariant) ?? 0n) === 0n,
  }
}
