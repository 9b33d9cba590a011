import { behaviour, since, until } from '@vmm/rule'
import { commit, probe } from '@vmm/source'
import { anExecution, type CpuidExecution } from '../../cpuid-execution.ts'
import { entry } from '../../entry.ts'
import { vendorRulesOf } from '../../lookup.ts'
import { executed61 } from './where-read.ts'

const amd = anExecution({ table: [entry(0, { eax: 1, ebx: 0x6874_7541, ecx: 0x444d_4163, edx: 0x6974_6e65 })] })

/** Until 5.5 every guest got Intel's answer. */
export const cpuidOutOfRangeAmd = behaviour<CpuidExecution, CpuidExecution>({
  id: 'cpuid-out-of-range-amd',
  catalogue: 'cpuid-out-of-range-amd',
  says: "a guest with AMD's vendor gets zeros for a leaf out of range",
  sources: [
    commit('43561123ab37', 'kvm: x86: Improve emulation of CPUID leaves 0BH and 1FH'),
    executed61,
    probe('instructions', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  versions: [
    { lifetime: until('5.5'), does: (call) => ({ ...call, redirects: true }), witness: { in: amd, out: amd } },
    {
      lifetime: since('5.5'),
      does: (call) => ({ ...call, redirects: vendorRulesOf(call.table) === 'intel' }),
      witness: { in: amd, out: { ...amd, redirects: false } },
    },
  ],
})
