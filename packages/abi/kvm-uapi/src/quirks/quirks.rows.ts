import { always, type Evidence, type Lifetime, since } from '@vmm/rule'
import { kernelDoc, kernelSource, type Source } from '@vmm/source'

/** A wrong that KVM goes on doing because somebody relies on it, until the VM is told otherwise. */
export interface Quirk {
  /** The bit of KVM_CAP_DISABLE_QUIRKS and KVM_CAP_DISABLE_QUIRKS2. */
  readonly bit: number
  /** The kernel's name: `KVM_X86_QUIRK_LINT0_REENABLED`. */
  readonly name: string
  /** Which hosts it matters on; elsewhere it counts as off already, since 6.15. */
  readonly hosts: 'all' | 'intel' | 'amd'
  /** What KVM does while it is on. */
  readonly says: string
  readonly lifetime: Lifetime
  /** How its boundaries are known. */
  readonly evidence: Evidence
  readonly source: Source
}

const documented = kernelDoc('Documentation/virt/kvm/api.rst', '7.28')
const header = (name: string, release: string): Source => kernelSource('arch/x86/include/uapi/asm/kvm.h', name, release)

/**
 * Every quirk, by bit. Of the first two nobody listed a release that lacks them. 6.12.78 took three from later
 * releases, as Debian's changelog of 6.12 says.
 */
export const quirks: readonly Quirk[] = [
  { bit: 0,  name: 'KVM_X86_QUIRK_LINT0_REENABLED',            hosts: 'all',   says: 'After a reset LINT0 of the APIC takes interrupts of the PIC, where a processor masks it.',                lifetime: always, evidence: 'source', source: documented },
  { bit: 1,  name: 'KVM_X86_QUIRK_CD_NW_CLEARED',              hosts: 'amd',   says: 'CR0.CD and CR0.NW are clear after a reset, and memory is cached whatever they say.',                       lifetime: always, evidence: 'source', source: documented },
  { bit: 2,  name: 'KVM_X86_QUIRK_LAPIC_MMIO_HOLE',            hosts: 'all',   says: 'The page of the APIC answers in x2APIC mode, where a processor has memory there.',                         lifetime: since('4.20'), evidence: 'memory', source: documented },
  { bit: 3,  name: 'KVM_X86_QUIRK_OUT_7E_INC_RIP',             hosts: 'all',   says: 'RIP is behind an OUT to port 0x7e before user space is asked, elsewhere afterwards.',                      lifetime: since('5.2'), evidence: 'memory', source: documented },
  { bit: 4,  name: 'KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT',       hosts: 'all',   says: 'A write of IA32_MISC_ENABLE does not change what CPUID says of MONITOR.',                                  lifetime: since('5.3'), evidence: 'memory', source: documented },
  { bit: 5,  name: 'KVM_X86_QUIRK_FIX_HYPERCALL_INSN',         hosts: 'all',   says: 'The other vendor’s hypercall instruction is rewritten to this one’s.',                                     lifetime: since('5.19'), evidence: 'memory', source: documented },
  { bit: 6,  name: 'KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS',      hosts: 'all',   says: 'MONITOR and MWAIT do nothing, where a processor without them raises #UD.',                                 lifetime: since('6.0'), evidence: 'memory', source: documented },
  { bit: 7,  name: 'KVM_X86_QUIRK_SLOT_ZAP_ALL',               hosts: 'all',   says: 'All translations are forgotten when a memory slot goes, not only the slot’s.',                             lifetime: since('6.12'), evidence: 'memory', source: documented },
  { bit: 8,  name: 'KVM_X86_QUIRK_STUFF_FEATURE_MSRS',         hosts: 'all',   says: 'Registers that say what a CPU can do begin with the most that KVM can, not with zero.',                    lifetime: since('6.13', { '6.12': '6.12.78' }), evidence: 'mail', source: documented },
  { bit: 9,  name: 'KVM_X86_QUIRK_IGNORE_GUEST_PAT',           hosts: 'intel', says: 'The guest’s PAT does not count, unless a device’s memory needs it.',                                       lifetime: since({ absentIn: '6.14', presentIn: '6.18' }, { '6.12': '6.12.78' }), evidence: 'mail', source: documented },
  { bit: 10, name: 'KVM_X86_QUIRK_VMCS12_ALLOW_FREEZE_IN_SMM', hosts: 'intel', says: 'L1 may give L2 a DEBUGCTL with FREEZE_WHILE_SMM.',                                                          lifetime: since({ absentIn: '6.19', presentIn: '7.0' }, { '6.12': '6.12.78', '6.18': '6.18.44', '6.19': '6.19.9' }), evidence: 'mail', source: header('KVM_X86_QUIRK_VMCS12_ALLOW_FREEZE_IN_SMM', '6.12') },
]
