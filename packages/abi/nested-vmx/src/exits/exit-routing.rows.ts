import type { primaryControls, secondaryControls } from '../vmcs12/controls.ts'
import type { exitReasons } from './exit-reasons.rows.ts'

/** When L1 wants an exit of L2's: a control of its VMCS says so, or what a control leads to, or nobody is asked. */
export type ExitRoute =
  | { readonly l1Wants: 'always' }
  | { readonly l1Wants: 'with'; readonly primary: keyof typeof primaryControls }
  | { readonly l1Wants: 'with'; readonly secondary: keyof typeof secondaryControls }
  /** Bitmaps, masks, and more than one control: `instructionExits` has how. */
  | { readonly l1Wants: 'by fields' }

const always = { l1Wants: 'always' } as const
const byFields = { l1Wants: 'by fields' } as const
const primary = (name: keyof typeof primaryControls) => ({ l1Wants: 'with', primary: name }) as const
const secondary = (name: keyof typeof secondaryControls) => ({ l1Wants: 'with', secondary: name }) as const

/**
 * Instructions of L2 that may leave for L1, by the reason of the exit. Who does not leave is L0's or the processor's.
 *
 * Source: SDM 3C 26.1.2 Instructions That Cause VM Exits Unconditionally, 26.1.3 Conditionally; arch/x86/kvm/vmx/nested.c
 * nested_vmx_l1_wants_exit (Linux 6.12).
 */
export const exitRoutes: { readonly [reason in keyof typeof exitReasons]?: ExitRoute } = {
  EXCEPTION_NMI:       byFields,
  TASK_SWITCH:         always,
  CPUID:               always,
  GETSEC:              always,
  HLT:                 primary('HLT_EXITING'),
  INVD:                always,
  INVLPG:              primary('INVLPG_EXITING'),
  RDPMC:               primary('RDPMC_EXITING'),
  RDTSC:               primary('RDTSC_EXITING'),
  VMCALL:              always,
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
  MWAIT_INSTRUCTION:   primary('MWAIT_EXITING'),
  MONITOR_INSTRUCTION: primary('MONITOR_EXITING'),
  PAUSE_INSTRUCTION:   byFields,
  GDTR_IDTR:           secondary('DESCRIPTOR_TABLE_EXITING'),
  LDTR_TR:             secondary('DESCRIPTOR_TABLE_EXITING'),
  INVEPT:              always,
  RDTSCP:              primary('RDTSC_EXITING'),
  INVVPID:             always,
  WBINVD:              secondary('WBINVD_EXITING'),
  XSETBV:              always,
  RDRAND:              secondary('RDRAND_EXITING'),
  INVPCID:             primary('INVLPG_EXITING'),
  RDSEED:              secondary('RDSEED_EXITING'),
  XSAVES:              byFields,
  XRSTORS:             byFields,
}
