import { always as everywhere, type Lifetime, since, until } from '@vmm/rule'
import type { pinControls, primaryControls, secondaryControls } from '../vmcs12/controls.ts'
import type { exitReasons } from './exit-reasons.rows.ts'
import type { ExitRoute, L0Wish } from './exit-route.ts'

const always = { l1Wants: 'always' } as const
const byFields = { l1Wants: 'by fields' } as const
const pin = (name: keyof typeof pinControls) => ({ l1Wants: 'with', pin: name }) as const
const primary = (name: keyof typeof primaryControls) => ({ l1Wants: 'with', primary: name }) as const
const secondary = (name: keyof typeof secondaryControls) => ({ l1Wants: 'with', secondary: name }) as const
const l0 = (lifetime: Lifetime = everywhere): { readonly l0Wants: readonly L0Wish[] } => ({
  l0Wants: [{ when: 'always', lifetime }],
})

/** Since b33bb78a1fad; the kernel lists have it pushed for 5.10.50 and 5.13.2, and in the review of 5.12.17. */
const splitLocks = since('5.14', { '5.10': '5.10.50', '5.12': '5.12.17', '5.13': '5.13.2' })
/** Since 18712c13709d, a repair of 5.9; announced in Linux 5.13.12, pushed for 5.10.60. */
const smallerAddresses = since('5.14', { '5.10': '5.10.60', '5.13': '5.13.12' })
/** Until b045ae906b42, a repair in 5.7; Debian's changelog has it in 5.6.14. */
const untilInjectedTraps = until('5.7', { '5.4': 'unread', '5.6': { until: '5.6.14' } })
/** Since 24a996ade34d: 5.12 brought the exit, and left L2's to L1; Debian's changelog has the repair in 5.14.10. */
const busLocks = since('5.15', { '5.14': '5.14.10' })
/** Since 9d7dfb95da2c, announced in Linux 6.17.9; absent in 6.1.192 and 6.12.117. */
const unknownCalls = since('6.18', { '6.6': 'unread', '6.17': '6.17.9' })

/**
 * KVM's wishes of exceptions: NMI, #PF, #DB, #AC, #VE. It means to keep #BP for a debugger that wants breakpoints, but asks for one that
 * no instruction has raised, and there is none: `l2-breaks-for-a-debugger` of the scenarios `nested-vmx-exits` is recorded.
 */
const ofExceptions: readonly L0Wish[] = [
  { vector:  2, when: 'always',           lifetime: everywhere },
  { vector: 14, when: 'asyncPageFault',   lifetime: everywhere },
  { vector: 14, when: 'withoutEpt',       lifetime: everywhere },
  { vector: 14, when: 'smallerAddresses', lifetime: smallerAddresses },
  { vector:  1, when: 'debugsSteps',      lifetime: everywhere },
  { vector: 17, when: 'splitLock',        lifetime: splitLocks },
  { vector: 20, when: 'always',           lifetime: since('6.10') },
]

/**
 * Where each exit of L2's goes, by its reason.
 *
 * What L1 wants is what makes a processor leave L2, were it L1's own: KVM merges the controls of both, and asks again whose an exit is. What
 * of EPT, of the page-modification log, of the timer and of VM functions is L1's comes out of L0, which has seen the exit first.
 *
 * Source: SDM 3C 26.1.2 Instructions That Cause VM Exits Unconditionally, 26.1.3 Conditionally, 26.2 Other Causes; arch/x86/kvm/vmx/nested.c
 * nested_vmx_l0_wants_exit, nested_vmx_l1_wants_exit (Linux 6.12.117, 6.1.192, 5.10.13), nested_vmx_exit_reflected (Linux 5.2); of the
 * edges: commits 8131cf5b4fd8 (#VE), 72add915fbd5 (ENCLS), 2f4073e08f4c (NOTIFY), merged for 6.10, 5.13 and 6.0.
 */
export const exitRoutes: { readonly [reason in keyof typeof exitReasons]: ExitRoute } = {
  EXCEPTION_NMI:       { ...byFields, l0Wants: ofExceptions },
  EXTERNAL_INTERRUPT:  { ...pin('EXTERNAL_INTERRUPT_EXITING'), ...l0() },
  TRIPLE_FAULT:        always,
  INIT_SIGNAL:         always,
  SIPI_SIGNAL:         always,
  IO_SMI:              always,
  OTHER_SMI:           always,
  INTERRUPT_WINDOW:    primary('INTERRUPT_WINDOW_EXITING'),
  NMI_WINDOW:          primary('NMI_WINDOW_EXITING'),
  TASK_SWITCH:         always,
  CPUID:               always,
  GETSEC:              always,
  HLT:                 primary('HLT_EXITING'),
  INVD:                always,
  INVLPG:              primary('INVLPG_EXITING'),
  RDPMC:               primary('RDPMC_EXITING'),
  RDTSC:               primary('RDTSC_EXITING'),
  RSM:                 always,
  VMCALL:              { ...always, l0Wants: [{ when: 'hypercall-of-l2', lifetime: everywhere }] },
  VMCLEAR:             always,
  VMLAUNCH:            always,
  VMPTRLD:             always,
  VMPTRST:             always,
  VMREAD:              byFields,
  VMRESUME:            always,
  VMWRITE:             byFields,
  VMOFF:               always,
  VMON:                always,
  CR_ACCESS:           byFields,
  DR_ACCESS:           primary('MOV_DR_EXITING'),
  IO_INSTRUCTION:      byFields,
  MSR_READ:            byFields,
  MSR_WRITE:           byFields,
  INVALID_STATE:       always,
  MSR_LOAD_FAIL:       always,
  MWAIT_INSTRUCTION:   primary('MWAIT_EXITING'),
  MONITOR_TRAP_FLAG:   { ...byFields, l0Wants: [{ when: 'injected trap', lifetime: untilInjectedTraps }] },
  MONITOR_INSTRUCTION: primary('MONITOR_EXITING'),
  PAUSE_INSTRUCTION:   { ...byFields, orWith: 'PAUSE_LOOP_EXITING' },
  MCE_DURING_VMENTRY:  { ...always, ...l0() },
  TPR_BELOW_THRESHOLD: primary('TPR_SHADOW'),
  APIC_ACCESS:         always,
  EOI_INDUCED:         always,
  GDTR_IDTR:           secondary('DESCRIPTOR_TABLE_EXITING'),
  LDTR_TR:             secondary('DESCRIPTOR_TABLE_EXITING'),
  EPT_VIOLATION:       { ...secondary('EPT'), ...l0() },
  EPT_MISCONFIG:       { ...secondary('EPT'), ...l0() },
  INVEPT:              always,
  RDTSCP:              primary('RDTSC_EXITING'),
  PREEMPTION_TIMER:    { ...pin('PREEMPTION_TIMER'), ...l0() },
  INVVPID:             always,
  WBINVD:              secondary('WBINVD_EXITING'),
  XSETBV:              always,
  APIC_WRITE:          always,
  RDRAND:              secondary('RDRAND_EXITING'),
  INVPCID:             primary('INVLPG_EXITING'),
  VMFUNC:              { ...secondary('VMFUNC'), ...l0() },
  ENCLS:               { ...byFields, l0Wants: [{ when: 'always', lifetime: until('5.13') }, { when: 'withoutSgx', lifetime: since('5.13') }] },
  RDSEED:              secondary('RDSEED_EXITING'),
  PML_FULL:            { ...secondary('PML'), ...l0() },
  XSAVES:              byFields,
  XRSTORS:             byFields,
  PCONFIG:             always,
  SPP_EVENT:           always,
  UMWAIT:              byFields,
  TPAUSE:              byFields,
  LOADIWKEY:           always,
  ENCLV:               always,
  ENQCMD_PASID:        always,
  ENQCMDS_PASID:       always,
  BUS_LOCK:            { ...always, ...l0(busLocks) },
  NOTIFY:              { ...always, ...l0(since('6.0')) },
  SEAMCALL:            { ...always, ...l0(unknownCalls) },
  TDCALL:              { ...always, ...l0(unknownCalls) },
  RDMSRLIST:           always,
  WRMSRLIST:           always,
}
