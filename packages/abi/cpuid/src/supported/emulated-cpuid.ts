import { type Behaviour, behaviour, since, until, versionInForce } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type CpuidTable, entry } from '../entry.ts'
import { type Reported, type Reporting, reportedOf } from './reporting.ts'
import { profileFor, type SupportedQuestion } from './supported-cpuid.ts'

const movbe = 1 << 22
const rdpid = 1 << 22

const withoutSeven: CpuidTable = [entry(0, { eax: 1 }), entry(1, { ecx: movbe })]
const withSeven: CpuidTable = [entry(0, { eax: 7 }), entry(1, { ecx: movbe })]

/** What KVM emulates that the hardware may lack; the input is whether RDTSCP, whose MSR RDPID reads, is reported. */
export const emulatedCpuid: Behaviour<Reported, CpuidTable> = behaviour<Reported, CpuidTable>({
  id: 'emulated-cpuid-content',
  catalogue: 'emulated-cpuid-content',
  says: 'MOVBE and RDPID are emulated whatever the hardware has, and nothing else is',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func_emulated', '6.12.117')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until({ absentIn: '4.13', presentIn: '5.4' }),
      says: 'MOVBE alone',
      does: () => withoutSeven,
      witness: { in: 'yes', out: withoutSeven },
    },
    {
      lifetime: {
        mainline: { since: { absentIn: '4.13', presentIn: '5.4' }, until: { absentIn: '5.10', presentIn: '6.1' } },
      },
      says: 'RDPID whether or not its MSR is there',
      bug: 'RDPID without RDTSCP reads an MSR that the guest cannot have',
      does: () => [...withSeven, entry(7, { ecx: rdpid }, 0)],
      witness: { in: 'no', out: [...withSeven, entry(7, { ecx: rdpid }, 0)] },
    },
    {
      lifetime: since({ absentIn: '5.10', presentIn: '6.1' }),
      says: 'RDPID where RDTSCP is reported',
      does: (rdtscp) => [...withSeven, entry(7, rdtscp === 'yes' ? { ecx: rdpid } : {}, 0)],
      witness: { in: 'yes', out: [...withSeven, entry(7, { ecx: rdpid }, 0)] },
    },
  ],
})

/** What KVM_GET_EMULATED_CPUID answers, or `'unknown'` where nobody has read the release. */
export function supportedByEmulation({ kernel, host, permitted = 0n }: SupportedQuestion): CpuidTable | 'unknown' {
  const reporting: Reporting = { profile: profileFor(kernel), host, permitted }
  const held = versionInForce(emulatedCpuid, reporting.profile)
  if (held.kind !== 'version') return 'unknown'
  return held.version.does(reportedOf('RDTSCP', reporting))
}
