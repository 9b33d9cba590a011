import { constants } from './constants.ts'

/** `KVM_MP_STATE_*`. */
export const mpState = constants('KVM_MP_STATE_', 'values', 'linux', 'Whether a vCPU runs, sleeps or waits.', ['kvm_mp_state.mp_state'], {
  RUNNABLE:      [0,  'It runs, or is ready to.'],
  UNINITIALIZED: [1,  'An application processor that waits for INIT.'],
  INIT_RECEIVED: [2,  'It has had INIT, and waits for SIPI.'],
  HALTED:        [3,  'It executed HLT.'],
  SIPI_RECEIVED: [4,  'It has had SIPI, and is about to run.'],
  STOPPED:       [5,  'Not on x86.'],
  CHECK_STOP:    [6,  'Not on x86.'],
  OPERATING:     [7,  'Not on x86.'],
  LOAD:          [8,  'Not on x86.'],
  AP_RESET_HOLD: [9,  'A processor of a SEV-ES guest that waits to be started.'],
  SUSPENDED:     [10, 'Not on x86.'],
})

/** `KVM_SREGS2_FLAGS_*`. */
export const sregs2Flags = constants('KVM_SREGS2_FLAGS_', 'bits', 'asm', 'What counts.', ['kvm_sregs2.flags'], {
  PDPTRS_VALID: [1, 'The four page-directory pointers.'],
})

/** `KVM_VCPUEVENT_VALID_*`. */
export const vcpuEventFlags = constants('KVM_VCPUEVENT_VALID_', 'bits', 'asm', 'Which fields count.', ['kvm_vcpu_events.flags'], {
  NMI_PENDING:  [0x01, 'nmi.pending.'],
  SIPI_VECTOR:  [0x02, 'sipi_vector.'],
  SHADOW:       [0x04, 'interrupt.shadow.'],
  SMM:          [0x08, 'smi.'],
  PAYLOAD:      [0x10, 'exception.pending, exception_has_payload and exception_payload.'],
  TRIPLE_FAULT: [0x20, 'triple_fault.'],
})

/** `KVM_X86_SHADOW_INT_*`. */
export const interruptShadow = constants('KVM_X86_SHADOW_INT_', 'bits', 'asm', 'What holds interrupts back for one instruction.', ['kvm_vcpu_events.interrupt.shadow'], {
  MOV_SS: [1, 'A load of SS.'],
  STI:    [2, 'STI.'],
})

/** `KVM_SYNC_X86_*`. */
export const syncRegs = constants('KVM_SYNC_X86_', 'bits', 'asm', 'Which registers KVM_RUN takes or leaves.', ['kvm_run.kvm_valid_regs', 'kvm_run.kvm_dirty_regs'], {
  REGS:   [1, 'General registers.'],
  SREGS:  [2, 'System registers.'],
  EVENTS: [4, 'Events.'],
})

/** `KVM_GUESTDBG_*`. */
export const guestDebugFlags = constants('KVM_GUESTDBG_', 'bits', 'asm', 'How the guest is debugged.', ['kvm_guest_debug.control'], {
  ENABLE:     [0x00_0001, 'At all.'],
  SINGLESTEP: [0x00_0002, 'After every instruction.'],
  USE_SW_BP:  [0x01_0000, 'INT3 is the debugger’s.'],
  USE_HW_BP:  [0x02_0000, 'The debugger’s debug registers are in force.'],
  INJECT_DB:  [0x04_0000, 'Raise #DB in the guest.'],
  INJECT_BP:  [0x08_0000, 'Raise #BP in the guest.'],
  BLOCKIRQ:   [0x10_0000, 'No interrupts, NMIs or SMIs in between.'],
})

/** `KVM_CPUID_FLAG_*`. */
export const cpuidFlags = constants('KVM_CPUID_FLAG_', 'bits', 'asm', 'What an entry is.', ['kvm_cpuid_entry2.flags'], {
  SIGNIFCANT_INDEX: [1, 'The index counts. The kernel’s own spelling.'],
  STATEFUL_FUNC:    [2, 'One of several entries of a leaf that answers in turn; no longer looked at.'],
  STATE_READ_NEXT:  [4, 'The one of them that answers next; no longer looked at.'],
})

/** `KVM_MSR_FILTER_*`. */
export const msrFilterFlags = constants('KVM_MSR_FILTER_', 'bits', 'asm', 'What a filter, or a range of it, is about.', ['kvm_msr_filter_range.flags', 'KVM_ENABLE_CAP of KVM_CAP_X86_USER_SPACE_MSR'], {
  READ:  [1, 'RDMSR.'],
  WRITE: [2, 'WRMSR.'],
})

/** `KVM_MSR_FILTER_DEFAULT_*`. */
export const msrFilterDefault = constants('KVM_MSR_FILTER_DEFAULT_', 'values', 'asm', 'What holds where no range does.', ['kvm_msr_filter.flags'], {
  ALLOW: [0, 'Access is allowed.'],
  DENY:  [1, 'Access is denied.'],
})

/** `KVM_PMU_EVENT_*`. */
export const pmuEventAction = constants('KVM_PMU_EVENT_', 'values', 'asm', 'What a list of events is.', ['kvm_pmu_event_filter.action'], {
  ALLOW: [0, 'Those that a guest may count.'],
  DENY:  [1, 'Those that it may not.'],
})

/** `KVM_PMU_EVENT_FLAG_*`. */
export const pmuEventFlags = constants('KVM_PMU_EVENT_FLAG_', 'bits', 'asm', 'How a list of events is written.', ['kvm_pmu_event_filter.flags'], {
  MASKED_EVENTS: [1, 'With masks of unit masks.'],
})

/** `KVM_STATE_NESTED_FORMAT_*`. */
export const nestedFormat = constants('KVM_STATE_NESTED_FORMAT_', 'values', 'asm', 'Whose nested virtualization.', ['kvm_nested_state.format'], {
  VMX: [0, 'Intel’s.'],
  SVM: [1, 'AMD’s.'],
})

/** `KVM_STATE_NESTED_*`. */
export const nestedFlags = constants('KVM_STATE_NESTED_', 'bits', 'asm', 'How nested virtualization stands.', ['kvm_nested_state.flags'], {
  GUEST_MODE:  [0x001, 'L2 runs.'],
  RUN_PENDING: [0x002, 'L2 is about to be entered.'],
  EVMCS:       [0x004, 'The current VMCS is an enlightened one.'],
  MTF_PENDING: [0x008, 'A monitor-trap exit is due.'],
  GIF_SET:     [0x100, 'AMD’s global interrupt flag.'],
})

/** `KVM_STATE_NESTED_SMM_*`. */
export const nestedSmmFlags = constants('KVM_STATE_NESTED_SMM_', 'bits', 'asm', 'What was when SMM was entered.', ['kvm_vmx_nested_state_hdr.smm.flags'], {
  GUEST_MODE: [1, 'L2 ran.'],
  VMXON:      [2, 'VMX operation.'],
})

/** `KVM_STATE_VMX_*`. */
export const nestedVmxFlags = constants('KVM_STATE_VMX_', 'bits', 'asm', 'What else of VMX counts.', ['kvm_vmx_nested_state_hdr.flags'], {
  PREEMPTION_TIMER_DEADLINE: [1, 'preemption_timer_deadline.'],
})

/** `KVM_REG_SIZE_*`. */
export const registerSizes = constants('KVM_REG_SIZE_', 'values', 'linux', 'How wide a numbered register is: bits 55:52 of its number.', ['kvm_one_reg.id'], {
  U8:    [0x0000_0000_0000_0000n, '8 bits.'],
  U16:   [0x0010_0000_0000_0000n, '16 bits.'],
  U32:   [0x0020_0000_0000_0000n, '32 bits.'],
  U64:   [0x0030_0000_0000_0000n, '64 bits.'],
  U128:  [0x0040_0000_0000_0000n, '128 bits.'],
  U256:  [0x0050_0000_0000_0000n, '256 bits.'],
  U512:  [0x0060_0000_0000_0000n, '512 bits.'],
  U1024: [0x0070_0000_0000_0000n, '1024 bits.'],
  U2048: [0x0080_0000_0000_0000n, '2048 bits.'],
})

/** `KVM_X86_REG_TYPE_*`. */
export const registerTypes = constants('KVM_X86_REG_TYPE_', 'values', 'asm', 'What a numbered register of x86 is: bits 39:32 of its number.', ['kvm_one_reg.id'], {
  MSR: [2, 'A model-specific register.'],
  KVM: [3, 'A register of KVM’s own numbering.'],
}, '6.18')
