import { constants } from './constants.ts'

/** `KVM_RUN_X86_*`. */
export const runFlags = constants('KVM_RUN_X86_', 'bits', 'asm', 'How the vCPU left the guest.', ['kvm_run.flags'], {
  SMM:        [1, 'In SMM.'],
  BUS_LOCK:   [2, 'With the bus locked.'],
  GUEST_MODE: [4, 'From L2.'],
})

/** `KVM_EXIT_IO_*`. */
export const ioDirections = constants('KVM_EXIT_IO_', 'values', 'linux', 'Which way.', ['kvm_run.io.direction'], {
  IN:  [0, 'IN.'],
  OUT: [1, 'OUT.'],
})

/** `KVM_EXIT_HYPERCALL_*`. */
export const hypercallFlags = constants('KVM_EXIT_HYPERCALL_', 'bits', 'asm', 'Who makes the hypercall.', ['kvm_run.hypercall.flags'], {
  LONG_MODE: [1, '64-bit code.'],
})

/** `KVM_INTERNAL_ERROR_*`. */
export const internalErrorCodes = constants('KVM_INTERNAL_ERROR_', 'values', 'linux', 'Why KVM cannot go on.', ['kvm_run.internal.suberror'], {
  EMULATION:              [1, 'An instruction that it cannot emulate.'],
  SIMUL_EX:               [2, 'Exceptions that cannot be at once.'],
  DELIVERY_EV:            [3, 'An exit while an event was delivered.'],
  UNEXPECTED_EXIT_REASON: [4, 'An exit that it does not know.'],
})

/** `KVM_INTERNAL_ERROR_EMULATION_FLAG_*`. */
export const emulationFailureFlags = constants('KVM_INTERNAL_ERROR_EMULATION_FLAG_', 'bits', 'linux', 'What is told of the instruction.', ['kvm_run.emulation_failure.flags'], {
  INSTRUCTION_BYTES: [1, 'Its bytes.'],
})

/** `KVM_SYSTEM_EVENT_*`. */
export const systemEvents = constants('KVM_SYSTEM_EVENT_', 'values', 'linux', 'What happened to the system.', ['kvm_run.system_event.type'], {
  SHUTDOWN: [1, 'Not on x86.'],
  RESET:    [2, 'A reset that Hyper-V’s interface asked for.'],
  CRASH:    [3, 'A crash that Hyper-V’s interface told of.'],
  WAKEUP:   [4, 'Not on x86.'],
  SUSPEND:  [5, 'Not on x86.'],
  SEV_TERM: [6, 'A SEV guest ended itself.'],
})

/** `KVM_MSR_EXIT_REASON_*`. */
export const msrExitReasons = constants('KVM_MSR_EXIT_REASON_', 'bits', 'linux', 'Why an access to a register is for user space.', ['kvm_run.msr.reason', 'KVM_ENABLE_CAP of KVM_CAP_X86_USER_SPACE_MSR'], {
  INVAL:   [1, 'It would raise #GP.'],
  UNKNOWN: [2, 'KVM does not know the register.'],
  FILTER:  [4, 'A filter denies it.'],
})

/** `KVM_NOTIFY_*`. */
export const notifyFlags = constants('KVM_NOTIFY_', 'bits', 'linux', 'What of the guest is left.', ['kvm_run.notify.flags'], {
  CONTEXT_INVALID: [1, 'Its state is corrupt.'],
})

/** `KVM_MEMORY_EXIT_FLAG_*`. */
export const memoryFaultFlags = constants('KVM_MEMORY_EXIT_FLAG_', 'bits', 'linux', 'What kind of access.', ['kvm_run.memory_fault.flags'], {
  PRIVATE: [8, 'To private memory.'],
})

/** `KVM_EXIT_HYPERV_*`. */
export const hypervExits = constants('KVM_EXIT_HYPERV_', 'values', 'linux', 'What a Hyper-V guest wants.', ['kvm_hyperv_exit.type'], {
  SYNIC:  [1, 'It set up its synthetic interrupt controller.'],
  HCALL:  [2, 'A hypercall.'],
  SYNDBG: [3, 'The synthetic debugger.'],
})

/** `KVM_EXIT_XEN_*`. */
export const xenExits = constants('KVM_EXIT_XEN_', 'values', 'linux', 'What a Xen guest wants.', ['kvm_xen_exit.type'], {
  HCALL: [1, 'A hypercall.'],
})
