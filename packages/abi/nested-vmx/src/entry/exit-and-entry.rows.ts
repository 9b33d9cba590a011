import { sdm } from '@vmm/source'
import { all, allowed, any, atMost, type Condition, entry, equals, exit, not, oneOf, ones, part, physical, pin, secondary, told, zeros } from './condition.ts'
import type { EntryChecks } from './entry-check.ts'
import { longControls } from './sound-vmcs.ts'

const exits = sdm('3C', '27.2.1.2', 'VM-Exit Control Fields')
const entries = sdm('3C', '27.2.1.3', 'VM-Entry Control Fields')
const beyond = 1n << 46n

const info = 'VM_ENTRY_INTR_INFO_FIELD'
const injects = ones(info, 0x8000_0000n)
const type = part(info, 10, 8)
const vector = part(info, 7, 0)
const hasErrorCode = ones(info, 0x800n)
const hardware = oneOf(type, 3)
const software = oneOf(type, 4, 5, 6)
const valid = 0x8000_0000n
const anyErrorCode = told('IA32_VMX_BASIC', 1n << 56n)
const shadowStacks = told('IA32_VMX_CR4_FIXED1', 1n << 23n)
/** Vectors with an error code; 21 where there is control-flow enforcement. */
const codes = any(oneOf(vector, 8, 10, 11, 12, 13, 14, 17), all(oneOf(vector, 21), shadowStacks))
const realMode = all(secondary('UNRESTRICTED_GUEST'), zeros('GUEST_CR0', 1n))
const smm: Condition = { op: 'fact', fact: 'inSmm' }

type Count = 'VM_EXIT_MSR_STORE_COUNT' | 'VM_EXIT_MSR_LOAD_COUNT' | 'VM_ENTRY_MSR_LOAD_COUNT'
type Address = 'VM_EXIT_MSR_STORE_ADDR' | 'VM_EXIT_MSR_LOAD_ADDR' | 'VM_ENTRY_MSR_LOAD_ADDR'

const listed = (count: Count, address: Address) => ({
  when: not(equals(count, 0n)),
  holds: all(physical(address, 4), { op: 'list', count: part(count, 31, 0), address, bytes: 16, more: 0 }),
  witness: {
    breaks: [
      [{ [count]: 1n, [address]: 8n }, { [address]: 16n }],
      [{ [count]: 2n, [address]: beyond - 16n }, { [count]: 1n }],
      [{ [count]: 1n, [address]: beyond }, { [count]: 0n }],
    ],
  },
}) as const

/**
 * Checks of the controls of exits and entries, in the manual's order.
 *
 * Source: SDM 3C 27.2.1.2 VM-Exit Control Fields; SDM 3C 27.2.1.3 VM-Entry Control Fields.
 */
export const exitAndEntryRows = {
  'exit-controls': {
    says: 'controls of exits are as IA32_VMX_TRUE_EXIT_CTLS allows',
    source: exits,
    holds: allowed('VM_EXIT_CONTROLS'),
    kvm: ['nested-vmx-exit-controls'],
    witness: { breaks: [[{ VM_EXIT_CONTROLS: 0x3_6ff9n }, { VM_EXIT_CONTROLS: 0x3_6ffbn }]]  },
  },
  'secondary-exit-controls': {
    says: 'secondary controls of exits, where they count, are as IA32_VMX_EXIT_CTLS2 allows',
    source: exits,
    when: exit('SECONDARY_CONTROLS'),
    holds: allowed('SECONDARY_VM_EXIT_CONTROLS'),
    witness: { breaks: [[{ ...longControls({ exit: ['SECONDARY_CONTROLS'] }), SECONDARY_VM_EXIT_CONTROLS: 1n << 40n }, { SECONDARY_VM_EXIT_CONTROLS: 8n }]] },
  },
  'timer-saved': {
    says: 'the VMX-preemption timer is saved only where it counts down',
    source: exits,
    when: exit('SAVE_PREEMPTION_TIMER'),
    holds: pin('PREEMPTION_TIMER'),
    kvm: ['nested-vmx-timer-saved'],
    witness: { breaks: [[longControls({ exit: ['SAVE_PREEMPTION_TIMER'] }), longControls({ pin: ['PREEMPTION_TIMER'], exit: ['SAVE_PREEMPTION_TIMER'] })]] },
  },
  'exit-store-list': {
    says: 'the list of MSRs that exits store lies on 16 bytes, all of it within the physical-address width',
    source: exits,
    ...listed('VM_EXIT_MSR_STORE_COUNT', 'VM_EXIT_MSR_STORE_ADDR'),
    kvm: ['nested-vmx-exit-store-list'],
  },
  'exit-load-list': {
    says: 'the list of MSRs that exits load lies on 16 bytes, all of it within the physical-address width',
    source: exits,
    ...listed('VM_EXIT_MSR_LOAD_COUNT', 'VM_EXIT_MSR_LOAD_ADDR'),
    kvm: ['nested-vmx-exit-load-list'],
  },
  'entry-controls': {
    says: 'controls of entries are as IA32_VMX_TRUE_ENTRY_CTLS allows',
    source: entries,
    holds: allowed('VM_ENTRY_CONTROLS'),
    kvm: ['nested-vmx-entry-controls'],
    witness: { breaks: [[{ VM_ENTRY_CONTROLS: 0x13f9n }, { VM_ENTRY_CONTROLS: 0x13fbn }], [{ VM_ENTRY_CONTROLS: 0x8000_13fbn }, { VM_ENTRY_CONTROLS: 0x13fbn }]] },
  },
  'inject-type': {
    says: 'an event that is injected has a type that is not reserved, and is an other event only where there is a monitor-trap flag',
    source: entries,
    when: injects,
    holds: all(not(oneOf(type, 1)), any(not(oneOf(type, 7)), told('IA32_VMX_TRUE_PROCBASED_CTLS', 1n << 59n))),
    kvm: ['nested-vmx-inject-type'],
    witness: { processor: { without: ['IA32_VMX_TRUE_PROCBASED_CTLS', 1n << 59n] }, breaks: [[{ [info]: valid | 0x102n }, { [info]: valid | 0x202n }], [{ [info]: valid | 0x700n }, { [info]: 0x700n }]] },
  },
  'inject-vector': {
    says: 'an event that is injected has a vector of its type: 2 for an NMI, below 32 for a hardware exception, 0 for other events',
    source: entries,
    when: injects,
    holds: all(any(not(oneOf(type, 2)), oneOf(vector, 2)), any(not(hardware), atMost(vector, 31)), any(not(oneOf(type, 7)), oneOf(vector, 0))),
    kvm: ['nested-vmx-inject-vector'],
    witness: {
      breaks: [
        [{ [info]: valid | 0x203n }, { [info]: valid | 0x202n }],
        [{ [info]: valid | 0x320n }, { [info]: valid | 0x31fn }],
        [{ [info]: valid | 0x701n }, { [info]: valid | 0x700n }],
      ],
    },
  },
  'inject-code-of-real-mode': {
    says: 'no error code is delivered in real mode',
    source: entries,
    when: all(injects, hasErrorCode),
    holds: not(realMode),
    kvm: ['nested-vmx-inject-error-code'],
    witness: { from: 'real', breaks: [[{ [info]: valid | 0xb0dn }, { [info]: valid | 0x30dn }]] },
  },
  'inject-code-of-type': {
    says: 'an error code is delivered only with hardware exceptions',
    source: entries,
    when: all(injects, hasErrorCode),
    holds: hardware,
    kvm: ['nested-vmx-inject-error-code'],
    witness: { breaks: [[{ [info]: valid | 0xe0dn, VM_ENTRY_INSTRUCTION_LEN: 1n }, { [info]: valid | 0x60dn }]] },
  },
  'inject-code-of-vector': {
    says: 'an error code is delivered only with the vectors that have one, unless IA32_VMX_BASIC bit 56 says that it does not matter',
    source: entries,
    when: all(injects, hasErrorCode, not(anyErrorCode)),
    holds: codes,
    kvm: ['nested-vmx-inject-error-code'],
    witness: { breaks: [[{ [info]: valid | 0xb06n }, { [info]: valid | 0x306n }], [{ [info]: valid | 0xb14n }, { [info]: valid | 0xb15n }]] },
  },
  'inject-code-missing': {
    says: 'a hardware exception that has an error code comes with it in protected mode, unless IA32_VMX_BASIC bit 56 says that it does not matter',
    source: entries,
    when: all(injects, hardware, codes, not(realMode), not(anyErrorCode)),
    holds: hasErrorCode,
    kvm: ['nested-vmx-inject-error-code'],
    witness: { breaks: [[{ [info]: valid | 0x30en }, { [info]: valid | 0xb0en }]] },
  },
  'inject-reserved': {
    says: 'reserved bits of an event that is injected are clear',
    source: entries,
    when: injects,
    holds: zeros(info, 0x7fff_f000n),
    kvm: ['nested-vmx-inject-reserved'],
    witness: { breaks: [[{ [info]: valid | 0x1202n }, { [info]: valid | 0x202n }]] },
  },
  'inject-code-width': {
    says: 'an error code that is delivered has 16 bits',
    source: entries,
    when: all(injects, hasErrorCode),
    holds: atMost(part('VM_ENTRY_EXCEPTION_ERROR_CODE', 31, 0), 0xffff),
    kvm: ['nested-vmx-inject-error-code-width'],
    witness: { breaks: [[{ [info]: valid | 0xb0dn, VM_ENTRY_EXCEPTION_ERROR_CODE: 0x1_0000n }, { VM_ENTRY_EXCEPTION_ERROR_CODE: 0xffffn }]] },
  },
  'inject-length': {
    says: 'an instruction that raises an event has at most 15 bytes',
    source: entries,
    when: all(injects, software),
    holds: atMost(part('VM_ENTRY_INSTRUCTION_LEN', 31, 0), 15),
    kvm: ['nested-vmx-inject-length'],
    witness: { breaks: [[{ [info]: valid | 0x420n, VM_ENTRY_INSTRUCTION_LEN: 16n }, { VM_ENTRY_INSTRUCTION_LEN: 15n }]] },
  },
  'inject-length-0': {
    says: 'an instruction that raises an event has some bytes, unless IA32_VMX_MISC bit 30 says that it may have none',
    source: entries,
    when: all(injects, software, not(told('IA32_VMX_MISC', 1n << 30n))),
    holds: not(equals('VM_ENTRY_INSTRUCTION_LEN', 0n)),
    kvm: ['nested-vmx-inject-length'],
    witness: { processor: { without: ['IA32_VMX_MISC', 1n << 30n] }, breaks: [[{ [info]: valid | 0x603n }, { VM_ENTRY_INSTRUCTION_LEN: 1n }]] },
  },
  'entry-load-list': {
    says: 'the list of MSRs that entries load lies on 16 bytes, all of it within the physical-address width',
    source: entries,
    ...listed('VM_ENTRY_MSR_LOAD_COUNT', 'VM_ENTRY_MSR_LOAD_ADDR'),
    kvm: ['nested-vmx-entry-load-list'],
  },
  'entry-to-smm': {
    says: 'outside SMM, no entry is into SMM or ends the dual-monitor treatment',
    source: entries,
    when: not(smm),
    holds: zeros('VM_ENTRY_CONTROLS', 0xc00n),
    witness: { breaks: [[longControls({ entry: ['ENTRY_TO_SMM'] }), longControls({})], [longControls({ entry: ['DEACTIVATE_DUAL_MONITOR'] }), longControls({})]] },
  },
  'entry-to-smm-or-out': {
    says: 'no entry is into SMM and ends the dual-monitor treatment at once',
    source: entries,
    when: entry('ENTRY_TO_SMM'),
    holds: not(entry('DEACTIVATE_DUAL_MONITOR')),
    witness: {
      facts: { inSmm: true },
      breaks: [[{ ...longControls({ entry: ['ENTRY_TO_SMM', 'DEACTIVATE_DUAL_MONITOR'] }), GUEST_INTERRUPTIBILITY_INFO: 4n }, longControls({ entry: ['ENTRY_TO_SMM'] })]],
    },
  },
} as const satisfies EntryChecks
