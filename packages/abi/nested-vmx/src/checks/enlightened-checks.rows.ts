import { between, since } from '@vmm/rule'
import { exitControls as exit, pinControls as pin, primaryControls as primary, secondaryControls as secondary } from '../vmcs12/controls.ts'
import { has, type L2Entry, type VmcsCheck } from './vmcs-check.ts'

const mayBeEnlightened = ({ vcpu }: L2Entry): boolean => vcpu.hasVmx && vcpu.enlightenedVmcs
const around = { enlightenedVmcs: true } as const
const begun = { absentIn: '5.2', presentIn: '5.10' } as const
const timers = pin.PREEMPTION_TIMER | pin.POSTED_INTERRUPTS

/** Controls whose fields an enlightened VMCS does not have. */
const withoutFields =
  secondary.VIRTUALIZE_APIC_ACCESSES |
  secondary.APIC_REGISTERS |
  secondary.VIRTUAL_INTERRUPTS |
  secondary.PAUSE_LOOP_EXITING |
  secondary.VMFUNC |
  secondary.VMCS_SHADOWING |
  secondary.PML |
  secondary.TSC_SCALING

/**
 * What KVM checks beside of any VMCS on a vCPU where enlightened ones were enabled: that it asks for nothing that those have
 * no fields for. Each row is a promise.
 *
 * Source: arch/x86/kvm/vmx/hyperv.c nested_evmcs_check_controls (Linux 6.12.117); evmcs.c (6.1.192).
 */
export const enlightenedChecks = {
  'nested-vmx-enlightened-pin-controls': {
    says: 'where enlightened VMCSs are enabled, there is no VMX-preemption timer and no posted interrupts',
    where: 'nested_vmx_check_controls',
    lifetime: since(begun),
    fails: (entry) => mayBeEnlightened(entry) && has(entry, 'PIN_BASED_VM_EXEC_CONTROL', timers),
    broken: { PIN_BASED_VM_EXEC_CONTROL: 0x16n | pin.PREEMPTION_TIMER },
    around,
  },
  'nested-vmx-enlightened-secondary-controls': {
    says: 'where enlightened VMCSs are enabled, no secondary control asks for what they have no fields for, whether it counts or not',
    where: 'nested_vmx_check_controls',
    lifetime: since(begun),
    fails: (entry) => mayBeEnlightened(entry) && has(entry, 'SECONDARY_VM_EXEC_CONTROL', withoutFields),
    broken: { CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n & ~primary.SECONDARY_CONTROLS, SECONDARY_VM_EXEC_CONTROL: secondary.TSC_SCALING },
    around,
  },
  'nested-vmx-enlightened-perf-global-ctrl': {
    says: 'where enlightened VMCSs are enabled, an exit does not load IA32_PERF_GLOBAL_CTRL',
    where: 'nested_vmx_check_controls',
    lifetime: between(begun, { absentIn: '5.10', presentIn: '6.1' }),
    fails: (entry) => mayBeEnlightened(entry) && has(entry, 'VM_EXIT_CONTROLS', exit.LOAD_PERF_GLOBAL_CTRL),
    broken: { VM_EXIT_CONTROLS: 0x0003_7fffn },
    around,
  },
  'nested-vmx-enlightened-vm-functions': {
    says: 'where enlightened VMCSs are enabled, there are no VM functions, whether they count or not',
    where: 'nested_vmx_check_controls',
    lifetime: since(begun),
    fails: (entry) => mayBeEnlightened(entry) && entry.read('VM_FUNCTION_CONTROL') !== 0n,
    broken: { VM_FUNCTION_CONTROL: 1n },
    around,
  },
} as const satisfies Readonly<Record<string, VmcsCheck>>
