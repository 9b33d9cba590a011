import type { exitReasons } from '@vmm/nested-vmx'

/** Where something is tried: the kernel and its check, or a file of tests and the title of one. */
export type Tried = readonly [where: string, what: string]

/** Where an exit is seen to happen, and where what is nearest to it is not; or why it cannot happen on a processor of ours. */
export type ExitSides = { readonly leaves: Tried; readonly stays: Tried } | { readonly absent: string }

const signals = 'packages/engine/wasm-engine/test/l2-signals.test.ts'
const both = (leaves: Tried, stays: Tried): ExitSides => ({ leaves, stays })
const exits = (leaves: string, stays: string): ExitSides => both(['vmxExits', leaves], ['vmxSides', stays])
const controlled = (leaves: string, name = leaves): ExitSides =>
  exits(leaves, `${name} does not leave without its control`)
/** VMX instructions of L2, and of L1. */
const inRoot = (leaves: string, stays: string): ExitSides => both(['vmxExits', leaves], ['vmxInstructions', stays])
const absent = (why: string): ExitSides => ({ absent: why })

/**
 * Both sides of each reason that L2 is left for, in the manual's order.
 *
 * Source: SDM 3D C VMX Basic Exit Reasons.
 */
export const exitSides: { readonly [reason in keyof typeof exitReasons]: ExitSides } = {
  EXCEPTION_NMI:       exits('#UD', 'an exception that the bitmap leaves out is delivered'),
  EXTERNAL_INTERRUPT:  exits('an interrupt that is acknowledged', 'an interrupt is delivered without the control'),
  TRIPLE_FAULT:        exits('a triple fault', 'an exception that the bitmap leaves out is delivered'),
  INIT_SIGNAL:         both([signals, 'leaves L2 for L1, and is over with that'], [signals, 'waits in root operation until VMXOFF, and a startup signal comes in vain']),
  SIPI_SIGNAL:         both([signals, 'leaves an L2 that waits for one, with its vector'], [signals, 'is nothing to an L2 that runs']),
  IO_SMI:              absent('there is no dual-monitor treatment of SMIs'),
  OTHER_SMI:           absent('there is no dual-monitor treatment of SMIs'),
  INTERRUPT_WINDOW:    exits('the interrupt window is open at once', 'the interrupt window is closed with IF clear'),
  NMI_WINDOW:          exits('the NMI window is open at once', 'the NMI window is closed while NMIs are blocked'),
  TASK_SWITCH:         both(['vmxExits', 'JMP to a task'], ['tasks', 'JMP to a TSS switches tasks']),
  CPUID:               exits('CPUID', 'CPUID in root operation'),
  GETSEC:              absent('there is no SMX: GETSEC is #UD'),
  HLT:                 controlled('HLT'),
  INVD:                exits('INVD', 'INVD in root operation'),
  INVLPG:              controlled('INVLPG has its address in the qualification', 'INVLPG'),
  RDPMC:               controlled('RDPMC'),
  RDTSC:               controlled('RDTSC'),
  RSM:                 absent('SMM is outside VMX operation, and elsewhere RSM is #UD'),
  VMCALL:              exits('VMCALL', 'VMCALL in root operation fails'),
  VMCLEAR:             inRoot('VMCLEAR', 'VMCLEAR of the current VMCS leaves none'),
  VMLAUNCH:            inRoot('VMLAUNCH', 'VMLAUNCH of a VMCS that has been launched'),
  VMPTRLD:             inRoot('VMPTRLD', 'VMPTRLD on no page'),
  VMPTRST:             inRoot('VMPTRST', 'VMPTRST tells the current VMCS'),
  VMREAD:              both(['vmxShadowing', 'VMREAD of a field whose bit is set'], ['vmxShadowing', 'VMREAD of a field whose bit is clear']),
  VMRESUME:            inRoot('VMRESUME', 'VMRESUME of a VMCS that has not been launched'),
  VMWRITE:             both(['vmxShadowing', 'VMWRITE of a field whose bit is set'], ['vmxShadowing', 'VMWRITE of a field whose bit is clear']),
  VMOFF:               inRoot('VMXOFF', 'VMXOFF outside VMX operation'),
  VMON:                inRoot('VMXON', 'VMXON in VMX operation'),
  CR_ACCESS:           exits('a masked bit of CR0 that is not as its shadow', 'a masked bit of CR0 that is as its shadow'),
  DR_ACCESS:           controlled('MOV to DR7'),
  IO_INSTRUCTION:      both(['vmxExits', 'a port whose bit is set'], ['vmxExits', 'a port whose bit is clear']),
  MSR_READ:            exits('RDMSR of a high register whose bit is set', 'RDMSR whose bit is clear does not leave'),
  MSR_WRITE:           exits('WRMSR of a low register whose bit is set', 'WRMSR whose bit is clear does not leave'),
  INVALID_STATE:       both(['vmxEntries', 'CR0 of the guest without NE'], ['vmxEntries', 'CR0 of the guest without NE: the nearest that may be']),
  MSR_LOAD_FAIL:       both(['vmxEntries', 'an MSR that must not be loaded'], ['vmxEvents', 'an entry loads MSRs']),
  MWAIT_INSTRUCTION:   controlled('MWAIT'),
  MONITOR_TRAP_FLAG:   exits('a monitor trap comes after one instruction', 'no monitor trap comes without the control'),
  MONITOR_INSTRUCTION: controlled('MONITOR'),
  PAUSE_INSTRUCTION:   controlled('PAUSE'),
  MCE_DURING_VMENTRY:  absent('no machine check comes by itself'),
  TPR_BELOW_THRESHOLD: both(['vmxExits', 'a TPR that falls below its threshold'], ['vmxExits', 'a TPR at its threshold']),
  APIC_ACCESS:         exits('a load from the APIC-access page', 'a load from where an APIC-access page could be does not leave without its control'),
  EOI_INDUCED:         both(['vmxApic', 'the end of a virtual interrupt that is asked for'], ['vmxApic', 'the end of a virtual interrupt']),
  GDTR_IDTR:           controlled('SGDT has its displacement in the qualification', 'SGDT'),
  LDTR_TR:             controlled('SLDT'),
  EPT_VIOLATION:       both(['vmxEpt', 'a load where nothing is'], ['vmxEpt', 'a load marks a page as accessed']),
  EPT_MISCONFIG:       both(['vmxEpt', 'a memory type that there is not'], ['vmxEpt', 'a load marks a page as accessed']),
  INVEPT:              inRoot('INVEPT', 'INVEPT of a type that there is not'),
  RDTSCP:              controlled('RDTSCP'),
  PREEMPTION_TIMER:    exits('a preemption timer of nothing', 'a preemption timer that is not over'),
  INVVPID:             inRoot('INVVPID', 'INVVPID outside VMX operation'),
  WBINVD:              controlled('WBINVD'),
  XSETBV:              exits('XSETBV', 'XSETBV in root operation'),
  APIC_WRITE:          both(['vmxApic', 'one to everybody is an exit'], ['vmxApic', 'an interrupt to itself']),
  RDRAND:              controlled('RDRAND'),
  INVPCID:             controlled('INVPCID'),
  VMFUNC:              both(['vmxEpt', 'VMFUNC of an entry that is none'], ['vmxEpt', 'VMFUNC takes extended page tables from a list']),
  ENCLS:               absent('there is no SGX: its control cannot be set'),
  RDSEED:              controlled('RDSEED'),
  PML_FULL:            both(['vmxEpt', 'a log that is full is an exit'], ['vmxEpt', 'a page that gets dirty is logged']),
  XSAVES:              both(['vmxSides', 'XSAVES of a component that L1 wants to see leaves'], ['vmxSides', 'XSAVES of it does not where the bitmap has it clear']),
  XRSTORS:             both(['vmxSides', 'XRSTORS of a component that L1 wants to see leaves'], ['vmxSides', 'XRSTORS of it does not where the bitmap has it clear']),
  PCONFIG:             absent('there is no PCONFIG: it is #UD'),
  SPP_EVENT:           absent('there are no sub-page permissions: their control cannot be set'),
  UMWAIT:              absent('there is no UMWAIT: its control cannot be set'),
  TPAUSE:              absent('there is no TPAUSE: its control cannot be set'),
  LOADIWKEY:           absent('there is no key locker: LOADIWKEY is #UD'),
  ENCLV:               absent('there is no ENCLV: its control cannot be set'),
  ENQCMD_PASID:        absent('there is no ENQCMD: its control cannot be set'),
  ENQCMDS_PASID:       absent('there is no ENQCMDS: its control cannot be set'),
  BUS_LOCK:            absent('bus locks are not detected: the control cannot be set'),
  NOTIFY:              absent('instructions are not timed out: the control cannot be set'),
  SEAMCALL:            absent('there is no SEAM: SEAMCALL is #UD'),
  TDCALL:              absent('there is no SEAM: TDCALL is #UD'),
  RDMSRLIST:           absent('there are no lists of MSRs: tertiary controls cannot be set'),
  WRMSRLIST:           absent('there are no lists of MSRs: tertiary controls cannot be set'),
}
