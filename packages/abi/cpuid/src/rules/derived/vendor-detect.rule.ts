import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import { vendorRulesOf } from '../../lookup.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { derived } from './derive.ts'

const amd = aCall({ stored: [entry(0, { eax: 1, ebx: 0x6874_7541, ecx: 0x444d_4163, edx: 0x6974_6e65 })] })

/** Decides SYSENTER, TSC_AUX, leaves out of range, and what a canonical address is checked for. */
export const vendorDetect = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'vendor-detect',
  catalogue: 'vendor-detect',
  says: "a vCPU follows AMD's rules where leaf 0 says AuthenticAMD, AMDisbetter! or HygonGenuine, and Intel's otherwise",
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'guest_cpuid_is_amd_or_hygon', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => derived(call, { vendorRules: vendorRulesOf(call.stored) }),
      witness: { in: amd, out: derived(amd, { vendorRules: 'amd' }) },
    },
  ],
})
