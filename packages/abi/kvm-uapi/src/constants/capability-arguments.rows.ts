import { constants } from './constants.ts'

/** `KVM_X86_DISABLE_EXITS_*`. */
export const disableExits = constants('KVM_X86_DISABLE_EXITS_', 'bits', 'linux', 'What a guest does without leaving KVM_RUN or KVM’s sight.', ['KVM_ENABLE_CAP of KVM_CAP_X86_DISABLE_EXITS'], {
  MWAIT:  [1, 'MWAIT.'],
  HLT:    [2, 'HLT.'],
  PAUSE:  [4, 'PAUSE.'],
  CSTATE: [8, 'Residency counters of C-states.'],
})

/** `KVM_X2APIC_API_*`. */
export const x2apicApi = constants('KVM_X2APIC_API_', 'bits', 'asm', 'How x2APIC is written in user space.', ['KVM_ENABLE_CAP of KVM_CAP_X2APIC_API'], {
  USE_32BIT_IDS:           [1, 'APIC ids have 32 bits everywhere.'],
  DISABLE_BROADCAST_QUIRK: [2, '0xff is an id, not a broadcast.'],
})

/** `KVM_BUS_LOCK_DETECTION_*`. */
export const busLockDetection = constants('KVM_BUS_LOCK_DETECTION_', 'bits', 'linux', 'Whether a locked bus leaves KVM_RUN.', ['KVM_ENABLE_CAP of KVM_CAP_X86_BUS_LOCK_EXIT'], {
  OFF:  [1, 'It does not.'],
  EXIT: [2, 'It does.'],
})

/** `KVM_PMU_CAP_*`. */
export const pmuCapability = constants('KVM_PMU_CAP_', 'bits', 'linux', 'What of counters a VM has.', ['KVM_ENABLE_CAP of KVM_CAP_PMU_CAPABILITY'], {
  DISABLE: [1, 'None.'],
})

/** `KVM_X86_NOTIFY_VMEXIT_*`. */
export const notifyVmexit = constants('KVM_X86_NOTIFY_VMEXIT_', 'bits', 'linux', 'What happens when no event is delivered for long; the upper half is how long.', ['KVM_ENABLE_CAP of KVM_CAP_X86_NOTIFY_VMEXIT'], {
  ENABLED: [1, 'The guest is left.'],
  USER:    [2, 'And so is KVM_RUN.'],
})

/** `KVM_XEN_HVM_CONFIG_*`. */
export const xenConfigFlags = constants('KVM_XEN_HVM_CONFIG_', 'bits', 'asm', 'What of Xen there is, and what a guest is given.', ['kvm_xen_hvm_config.flags', 'KVM_CHECK_EXTENSION of KVM_CAP_XEN_HVM'], {
  HYPERCALL_MSR:       [0x001, 'A register whose writes fill a page of hypercalls.'],
  INTERCEPT_HCALL:     [0x002, 'Hypercalls leave KVM_RUN.'],
  SHARED_INFO:         [0x004, 'The shared page.'],
  RUNSTATE:            [0x008, 'How long a vCPU ran and waited.'],
  EVTCHN_2LEVEL:       [0x010, 'Event channels of two levels.'],
  EVTCHN_SEND:         [0x020, 'Events that the guest sends.'],
  RUNSTATE_UPDATE_FLAG: [0x040, 'A bit that says that the run state is being written.'],
  PVCLOCK_TSC_UNSTABLE: [0x080, 'The clock never says that it is stable.'],
  SHARED_INFO_HVA:     [0x100, 'The shared page by its address in user space.'],
})

/** `KVM_XEN_ATTR_TYPE_*`. */
export const xenAttributes = constants('KVM_XEN_ATTR_TYPE_', 'values', 'asm', 'Attributes of a Xen guest.', ['kvm_xen_hvm_attr.type'], {
  LONG_MODE:            [0, 'Whether it is one of 64 bits.'],
  SHARED_INFO:          [1, 'The shared page.'],
  UPCALL_VECTOR:        [2, 'The vector that events come with.'],
  EVTCHN:               [3, 'An event that it sends.'],
  XEN_VERSION:          [4, 'The version that it is told.'],
  RUNSTATE_UPDATE_FLAG: [5, 'Whether the bit is used.'],
  SHARED_INFO_HVA:      [6, 'The shared page by its address in user space.'],
})

/** `KVM_XEN_VCPU_ATTR_TYPE_*`. */
export const xenVcpuAttributes = constants('KVM_XEN_VCPU_ATTR_TYPE_', 'values', 'asm', 'Attributes of a vCPU of a Xen guest.', ['kvm_xen_vcpu_attr.type'], {
  VCPU_INFO:        [0, 'Where its information is.'],
  VCPU_TIME_INFO:   [1, 'Where its time is.'],
  RUNSTATE_ADDR:    [2, 'Where its run state is.'],
  RUNSTATE_CURRENT: [3, 'What it does.'],
  RUNSTATE_DATA:    [4, 'How long it did what.'],
  RUNSTATE_ADJUST:  [5, 'What is added to that.'],
  VCPU_ID:          [6, 'Its number in Xen.'],
  TIMER:            [7, 'Its timer.'],
  UPCALL_VECTOR:    [8, 'The vector that events come with.'],
  VCPU_INFO_HVA:    [9, 'Its information by the address in user space.'],
})

/** `KVM_XEN_EVTCHN_*`. */
export const xenEventFlags = constants('KVM_XEN_EVTCHN_', 'bits', 'asm', 'What is done with an event that a guest sends.', ['kvm_xen_hvm_attr.u.evtchn.flags'], {
  DEASSIGN: [1, 'It is forgotten.'],
  UPDATE:   [2, 'It is changed.'],
  RESET:    [4, 'All are forgotten.'],
})

/** `KVM_HYPERV_EVENTFD_*`. */
export const hypervEventfdFlags = constants('KVM_HYPERV_EVENTFD_', 'bits', 'asm', 'What is done with an eventfd of a connection.', ['kvm_hyperv_eventfd.flags'], {
  DEASSIGN: [1, 'It is untied.'],
})

/** `KVM_SEV_SNP_PAGE_TYPE_*`. */
export const snpPageTypes = constants('KVM_SEV_SNP_PAGE_TYPE_', 'values', 'asm', 'What a page that a SEV-SNP guest begins with is.', ['kvm_sev_snp_launch_update.type'], {
  NORMAL:     [1, 'Code or data.'],
  ZERO:       [3, 'Zeros.'],
  UNMEASURED: [4, 'What is not measured.'],
  SECRETS:    [5, 'Secrets.'],
  CPUID:      [6, 'Its CPUID table.'],
})

/** `KVM_SEV_*`: commands of KVM_MEMORY_ENCRYPT_OP for SEV guests. */
export const sevCommands = constants('KVM_SEV_', 'values', 'asm', 'Commands about a SEV guest.', ['kvm_sev_cmd.id'], {
  INIT:                   [0,   'Make it one.'],
  ES_INIT:                [1,   'Make it a SEV-ES guest.'],
  LAUNCH_START:           [2,   'Begin.'],
  LAUNCH_UPDATE_DATA:     [3,   'Encrypt memory.'],
  LAUNCH_UPDATE_VMSA:     [4,   'Encrypt the vCPUs.'],
  LAUNCH_SECRET:          [5,   'Put a secret in.'],
  LAUNCH_MEASURE:         [6,   'Tell the measurement.'],
  LAUNCH_FINISH:          [7,   'It may run.'],
  SEND_START:             [8,   'Begin to send it away.'],
  SEND_UPDATE_DATA:       [9,   'Send memory.'],
  SEND_UPDATE_VMSA:       [10,  'Send vCPUs.'],
  SEND_FINISH:            [11,  'It is away.'],
  RECEIVE_START:          [12,  'Begin to receive one.'],
  RECEIVE_UPDATE_DATA:    [13,  'Receive memory.'],
  RECEIVE_UPDATE_VMSA:    [14,  'Receive vCPUs.'],
  RECEIVE_FINISH:         [15,  'It is here.'],
  GUEST_STATUS:           [16,  'Tell how it stands.'],
  DBG_DECRYPT:            [17,  'Read its memory.'],
  DBG_ENCRYPT:            [18,  'Write its memory.'],
  CERT_EXPORT:            [19,  'Never implemented.'],
  GET_ATTESTATION_REPORT: [20,  'Tell the attestation.'],
  SEND_CANCEL:            [21,  'Do not send it after all.'],
  INIT2:                  [22,  'Make it one, with features.'],
  SNP_LAUNCH_START:       [100, 'Begin, with SEV-SNP.'],
  SNP_LAUNCH_UPDATE:      [101, 'Encrypt memory, with SEV-SNP.'],
  SNP_LAUNCH_FINISH:      [102, 'It may run, with SEV-SNP.'],
})

/** `KVM_TDX_*`: commands of KVM_MEMORY_ENCRYPT_OP for TDX guests. */
export const tdxCommands = constants('KVM_TDX_', 'values', 'asm', 'Commands about a TDX guest.', ['kvm_tdx_cmd.id'], {
  CAPABILITIES:    [0, 'Tell what there is.'],
  INIT_VM:         [1, 'Make it one.'],
  INIT_VCPU:       [2, 'Make a vCPU.'],
  INIT_MEM_REGION: [3, 'Encrypt memory.'],
  FINALIZE_VM:     [4, 'It may run.'],
  GET_CPUID:       [5, 'Tell its CPUID table.'],
}, '6.18')
