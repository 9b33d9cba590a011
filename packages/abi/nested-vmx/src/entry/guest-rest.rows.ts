import { sdm } from '@vmm/source'
import { cr0, cr4 } from '../checks/registers.ts'
import { alikeBeyondWidth, all, any, type Condition, canonical, entry, equals, every, memory, not, oneOf, ones, onlyOf, page, part, pin, secondary, told, zeros } from './condition.ts'
import type { EntryChecks } from './entry-check.ts'
import { longControls, mixedControls } from './sound-vmcs.ts'

const tables = sdm('3C', '27.3.1.3', 'Checks on Guest Descriptor-Table Registers')
const flags = sdm('3C', '27.3.1.4', 'Checks on Guest RIP, RFLAGS, and SSP')
const rest = sdm('3C', '27.3.1.5', 'Checks on Guest Non-Register State')
const pointers = sdm('3C', '27.3.1.6', 'Checks on Guest Page-Directory-Pointer-Table Entries')
const upper = 0xffff_ffff_0000_0000n
const notCanonical = 0x8000_0000_0000n
const highest = 0x7fff_ffff_ffffn
const none = 0xffff_ffff_ffff_ffffn

const long = entry('IA32E_MODE')
const code64 = all(long, ones('GUEST_CS_AR_BYTES', 0x2000n))
const info = 'VM_ENTRY_INTR_INFO_FIELD'
const valid = 0x8000_0000n
const injected = (...types: readonly number[]): Condition => all(ones(info, valid), oneOf(part(info, 10, 8), ...types))
const exception = (...vectors: readonly number[]): Condition => all(injected(3), oneOf(part(info, 7, 0), ...vectors))
const injects = ones(info, valid)
const activity = part('GUEST_ACTIVITY_STATE', 31, 0)
const is = (state: number): Condition => oneOf(activity, state)
const blocked = { sti: 1n, movSs: 2n, smi: 4n, nmi: 8n, enclave: 16n } as const
const blocks = (mask: bigint): Condition => ones('GUEST_INTERRUPTIBILITY_INFO', mask)
const free = (mask: bigint): Condition => zeros('GUEST_INTERRUPTIBILITY_INFO', mask)
const held = any(blocks(blocked.sti), blocks(blocked.movSs))
const interrupts = { GUEST_RFLAGS: 0x202n } as const
const smm: Condition = { op: 'fact', fact: 'inSmm' }
const stepping = all(ones('GUEST_RFLAGS', 0x100n), zeros('GUEST_IA32_DEBUGCTL', 2n))
const pending = 'GUEST_PENDING_DBG_EXCEPTIONS'
const linked = not(equals('VMCS_LINK_POINTER', none))
const pae = all(ones('GUEST_CR0', cr0.PG), ones('GUEST_CR4', cr4.PAE), not(long))
const revision = 0x11e5_7ed0
const registers = ['GUEST_PDPTR0', 'GUEST_PDPTR1', 'GUEST_PDPTR2', 'GUEST_PDPTR3'] as const
const mtf = { primary: ['MONITOR_TRAP_FLAG'] } as const

/**
 * Checks of the guest's descriptor tables, RIP, RFLAGS, SSP, non-register state and PDPTEs, in the manual's order.
 *
 * Source: SDM 3C 27.3.1.3 to 27.3.1.6.
 */
export const guestRestRows = {
  'table-bases': {
    says: 'the bases of the guest’s descriptor tables are canonical',
    source: tables,
    holds: all(canonical('GUEST_GDTR_BASE'), canonical('GUEST_IDTR_BASE')),
    witness: { breaks: [[{ GUEST_GDTR_BASE: notCanonical }, { GUEST_GDTR_BASE: highest }], [{ GUEST_IDTR_BASE: notCanonical }, { GUEST_IDTR_BASE: highest }]] },
  },
  'table-limits': {
    says: 'the limits of the guest’s descriptor tables have 16 bits',
    source: tables,
    holds: all(zeros('GUEST_GDTR_LIMIT', 0xffff_0000n), zeros('GUEST_IDTR_LIMIT', 0xffff_0000n)),
    witness: { breaks: [[{ GUEST_GDTR_LIMIT: 0x1_0000n }, { GUEST_GDTR_LIMIT: 0xffffn }], [{ GUEST_IDTR_LIMIT: 0x1_0000n }, { GUEST_IDTR_LIMIT: 0xffffn }]] },
  },
  'rip-32': {
    says: 'RIP is below 4 GiB where the guest does not run 64-bit code',
    source: flags,
    when: not(code64),
    holds: zeros('GUEST_RIP', upper),
    witness: { breaks: [[{ GUEST_CS_AR_BYTES: 0xc09bn, GUEST_RIP: 1n << 32n }, { GUEST_CS_AR_BYTES: 0xa09bn }]] },
  },
  'rip-64': {
    says: 'bits of RIP beyond the linear-address width are alike where the guest runs 64-bit code; it need not be canonical',
    source: flags,
    when: code64,
    holds: alikeBeyondWidth('GUEST_RIP'),
    witness: { breaks: [[{ GUEST_RIP: 1n << 48n }, { GUEST_RIP: 1n << 47n }]] },
  },
  'rflags-reserved': {
    says: 'reserved bits of RFLAGS are clear, but bit 1, which is set',
    source: flags,
    holds: all(zeros('GUEST_RFLAGS', 0xffff_ffff_ffc0_8028n), ones('GUEST_RFLAGS', 2n)),
    witness: { breaks: [[{ GUEST_RFLAGS: 0n }, { GUEST_RFLAGS: 2n }], [{ GUEST_RFLAGS: 0x0an }, { GUEST_RFLAGS: 2n }], [{ GUEST_RFLAGS: 1n << 22n | 2n }, { GUEST_RFLAGS: 1n << 21n | 2n }]] },
  },
  'rflags-virtual-8086': {
    says: 'the guest is in virtual-8086 mode only in protected mode outside IA-32e mode',
    source: flags,
    when: any(long, zeros('GUEST_CR0', cr0.PE)),
    holds: zeros('GUEST_RFLAGS', 1n << 17n),
    witness: { from: 'virtual-8086', breaks: [[{ ...longControls({}), GUEST_CR4: 0x2020n }, { ...mixedControls({}), GUEST_CR4: 0x2000n }], [{ ...mixedControls({ secondary: ['EPT', 'UNRESTRICTED_GUEST'] }), GUEST_CR0: 0x30n }, { GUEST_CR0: 0x31n }]] },
  },
  'rflags-interrupt': {
    says: 'the guest takes interrupts where one is injected',
    source: flags,
    when: injected(0),
    holds: ones('GUEST_RFLAGS', 0x200n),
    witness: { breaks: [[{ [info]: valid | 0x20n }, { GUEST_RFLAGS: 0x202n }]] },
  },
  'ssp-alignment': {
    says: 'SSP, where an entry loads it, is a multiple of four',
    source: flags,
    when: entry('LOAD_CET'),
    holds: zeros('GUEST_SSP', 3n),
    kvm: ['nested-vmx-guest-cet'],
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_CET'] }), GUEST_SSP: 1n }, { GUEST_SSP: 4n }]] },
  },
  'ssp-width': {
    says: 'bits of SSP beyond the linear-address width are alike in IA-32e mode, where an entry loads it',
    source: flags,
    when: all(entry('LOAD_CET'), long),
    holds: alikeBeyondWidth('GUEST_SSP'),
    kvm: ['nested-vmx-guest-ssp'],
    witness: { breaks: [[{ ...longControls({ entry: ['LOAD_CET'] }), GUEST_SSP: 1n << 48n }, { GUEST_SSP: notCanonical }]] },
  },
  'ssp-below-4-gib': {
    says: 'SSP is below 4 GiB outside IA-32e mode, where an entry loads it',
    source: flags,
    when: all(entry('LOAD_CET'), not(long)),
    holds: zeros('GUEST_SSP', upper),
    witness: {
      breaks: [[{ ...mixedControls({ entry: ['LOAD_CET'] }), GUEST_CR4: 0x2000n, GUEST_CS_AR_BYTES: 0xc09bn, GUEST_SSP: 1n << 32n }, { GUEST_SSP: 0n }]],
    },
  },
  'activity-known': {
    says: 'the activity state is one that the processor has: active, and those of halted, shut down and waiting for SIPI that IA32_VMX_MISC tells of',
    source: rest,
    holds: any(is(0), all(is(1), told('IA32_VMX_MISC', 1n << 6n)), all(is(2), told('IA32_VMX_MISC', 1n << 7n)), all(is(3), told('IA32_VMX_MISC', 1n << 8n))),
    kvm: ['nested-vmx-guest-activity', 'nested-vmx-guest-activity-two'],
    witness: { processor: { without: ['IA32_VMX_MISC', 1n << 7n] }, breaks: [[{ GUEST_ACTIVITY_STATE: 2n }, { GUEST_ACTIVITY_STATE: 1n }], [{ GUEST_ACTIVITY_STATE: 4n }, { GUEST_ACTIVITY_STATE: 3n }]] },
  },
  'activity-halted': {
    says: 'only privilege 0 halts',
    source: rest,
    when: is(1),
    holds: zeros('GUEST_SS_AR_BYTES', 0x60n),
    witness: { breaks: [[{ GUEST_ACTIVITY_STATE: 1n, GUEST_SS_AR_BYTES: 0xc0f3n, GUEST_SS_SELECTOR: 3n, GUEST_CS_AR_BYTES: 0xa0fbn, GUEST_CS_SELECTOR: 3n }, { GUEST_ACTIVITY_STATE: 0n }]] },
  },
  'activity-blocked': {
    says: 'behind STI and MOV to SS, the guest is active',
    source: rest,
    when: held,
    holds: is(0),
    witness: { breaks: [[{ ...interrupts, GUEST_INTERRUPTIBILITY_INFO: blocked.sti, GUEST_ACTIVITY_STATE: 1n }, { GUEST_ACTIVITY_STATE: 0n }], [{ GUEST_INTERRUPTIBILITY_INFO: blocked.movSs, GUEST_ACTIVITY_STATE: 1n }, { GUEST_INTERRUPTIBILITY_INFO: 0n }]] },
  },
  'activity-injection': {
    says: 'a halted guest gets an interrupt, an NMI, #DB, #MC or a pending MTF exit; one that is shut down an NMI or #MC; one that waits for SIPI nothing',
    source: rest,
    when: injects,
    holds: all(
      any(not(is(1)), injected(0, 2), exception(1, 18), all(injected(7), oneOf(part(info, 7, 0), 0))),
      any(not(is(2)), injected(2), exception(18)),
      not(is(3)),
    ),
    witness: {
      breaks: [
        [{ ...longControls(mtf), GUEST_ACTIVITY_STATE: 1n, [info]: valid | 0x306n }, { [info]: valid | 0x312n }],
        [{ GUEST_ACTIVITY_STATE: 1n, [info]: valid | 0x620n, VM_ENTRY_INSTRUCTION_LEN: 2n }, { [info]: valid | 0x700n }],
        [{ ...interrupts, GUEST_ACTIVITY_STATE: 2n, [info]: valid | 0x20n }, { [info]: valid | 0x202n }],
        [{ GUEST_ACTIVITY_STATE: 3n, [info]: valid | 0x202n }, { [info]: 0n }],
      ],
    },
  },
  'activity-in-smm': {
    says: 'no entry into SMM waits for SIPI',
    source: rest,
    when: entry('ENTRY_TO_SMM'),
    holds: not(is(3)),
    witness: { facts: { inSmm: true }, breaks: [[{ ...longControls({ entry: ['ENTRY_TO_SMM'] }), GUEST_INTERRUPTIBILITY_INFO: blocked.smi, GUEST_ACTIVITY_STATE: 3n }, { GUEST_ACTIVITY_STATE: 2n }]] },
  },
  'blocking-reserved': {
    says: 'reserved bits of the interruptibility state are clear: 31:5, and bit 4 where there are no enclaves',
    source: rest,
    holds: all(free(0xffff_ffe0n), onlyOf('GUEST_INTERRUPTIBILITY_INFO', 'allowedInterruptibility', blocked.enclave)),
    witness: { breaks: [[{ GUEST_INTERRUPTIBILITY_INFO: 0x20n }, { GUEST_INTERRUPTIBILITY_INFO: 0x10n }]] },
  },
  'blocking-one': {
    says: 'not both STI and MOV to SS block',
    source: rest,
    when: blocks(blocked.sti),
    holds: free(blocked.movSs),
    witness: { breaks: [[{ ...interrupts, GUEST_INTERRUPTIBILITY_INFO: 3n }, { GUEST_INTERRUPTIBILITY_INFO: 2n }]] },
  },
  'blocking-sti': {
    says: 'STI blocks only where RFLAGS.IF is set',
    source: rest,
    when: blocks(blocked.sti),
    holds: ones('GUEST_RFLAGS', 0x200n),
    witness: { breaks: [[{ GUEST_INTERRUPTIBILITY_INFO: blocked.sti }, { GUEST_RFLAGS: 0x202n }]] },
  },
  'blocking-interrupt': {
    says: 'neither STI nor MOV to SS blocks where an interrupt is injected',
    source: rest,
    when: injected(0),
    holds: free(blocked.sti | blocked.movSs),
    witness: { breaks: [[{ ...interrupts, GUEST_INTERRUPTIBILITY_INFO: blocked.sti, [info]: valid | 0x20n }, { [info]: 0n }], [{ ...interrupts, GUEST_INTERRUPTIBILITY_INFO: blocked.movSs, [info]: valid | 0x20n }, { GUEST_INTERRUPTIBILITY_INFO: blocked.nmi }]] },
  },
  'blocking-nmi-mov-ss': {
    says: 'MOV to SS does not block where an NMI is injected',
    source: rest,
    when: injected(2),
    holds: free(blocked.movSs),
    witness: { breaks: [[{ GUEST_INTERRUPTIBILITY_INFO: blocked.movSs, [info]: valid | 0x202n }, { [info]: valid | 0x312n }]] },
  },
  'blocking-smi-outside': {
    says: 'SMIs are blocked only in SMM',
    source: rest,
    when: not(smm),
    holds: free(blocked.smi),
    witness: { breaks: [[{ GUEST_INTERRUPTIBILITY_INFO: blocked.smi }, { GUEST_INTERRUPTIBILITY_INFO: 0n }]] },
  },
  'blocking-smi-inside': {
    says: 'an entry into SMM blocks SMIs',
    source: rest,
    when: entry('ENTRY_TO_SMM'),
    holds: blocks(blocked.smi),
    witness: { facts: { inSmm: true }, breaks: [[longControls({ entry: ['ENTRY_TO_SMM'] }), { GUEST_INTERRUPTIBILITY_INFO: blocked.smi }]] },
  },
  'blocking-nmi-sti': {
    says: 'STI does not block where an NMI is injected',
    source: rest,
    when: injected(2),
    holds: free(blocked.sti),
    qualification: 3,
    witness: { breaks: [[{ ...interrupts, GUEST_INTERRUPTIBILITY_INFO: blocked.sti, [info]: valid | 0x202n }, { GUEST_INTERRUPTIBILITY_INFO: 0n }]] },
  },
  'blocking-nmi-virtual': {
    says: 'virtual NMIs are not blocked where one is injected',
    source: rest,
    when: all(pin('VIRTUAL_NMIS'), injected(2)),
    holds: free(blocked.nmi),
    witness: { breaks: [[{ ...longControls({ pin: ['NMI_EXITING', 'VIRTUAL_NMIS'] }), GUEST_INTERRUPTIBILITY_INFO: blocked.nmi, [info]: valid | 0x202n }, longControls({ pin: ['NMI_EXITING'] })]] },
  },
  'blocking-enclave': {
    says: 'MOV to SS does not block where an enclave was interrupted',
    source: rest,
    when: blocks(blocked.enclave),
    holds: free(blocked.movSs),
    witness: { breaks: [[{ GUEST_INTERRUPTIBILITY_INFO: blocked.enclave | blocked.movSs }, { GUEST_INTERRUPTIBILITY_INFO: blocked.enclave }]] },
  },
  'pending-reserved': {
    says: 'reserved bits of pending debug exceptions are clear: 11:4, 13, 15 and 63:17, but those of bus locks and transactions where there are such',
    source: rest,
    holds: all(zeros(pending, 0xffff_ffff_fffe_a7f0n), onlyOf(pending, 'allowedPendingDebug', 0x1_0800n)),
    witness: { breaks: [[{ [pending]: 0x10n }, { [pending]: 0x0fn }], [{ [pending]: 1n << 17n }, { [pending]: 0x1000n }]] },
  },
  'pending-step': {
    says: 'behind STI and MOV to SS, and halted, a single step is pending exactly where RFLAGS.TF is set without IA32_DEBUGCTL.BTF',
    source: rest,
    when: any(held, is(1)),
    holds: any(all(stepping, ones(pending, 0x4000n)), all(not(stepping), zeros(pending, 0x4000n))),
    witness: {
      breaks: [
        [{ GUEST_INTERRUPTIBILITY_INFO: blocked.movSs, GUEST_RFLAGS: 0x102n }, { [pending]: 0x4000n }],
        [{ GUEST_ACTIVITY_STATE: 1n, [pending]: 0x4000n }, { [pending]: 0n }],
        [{ GUEST_INTERRUPTIBILITY_INFO: blocked.movSs, GUEST_RFLAGS: 0x102n, [pending]: 0x4000n, GUEST_IA32_DEBUGCTL: 2n }, { GUEST_IA32_DEBUGCTL: 0n }],
      ],
    },
  },
  'pending-transaction': {
    says: 'a debug exception of a transaction is pending alone with its enabled breakpoint, and not behind MOV to SS',
    source: rest,
    when: ones(pending, 1n << 16n),
    holds: all(zeros(pending, 0xfffn), ones(pending, 0x1000n), free(blocked.movSs)),
    witness: { breaks: [[{ [pending]: 0x1_0000n }, { [pending]: 0x1_1000n }], [{ [pending]: 0x1_1001n }, { [pending]: 0x1_1000n }], [{ GUEST_INTERRUPTIBILITY_INFO: blocked.movSs, [pending]: 0x1_1000n }, { GUEST_INTERRUPTIBILITY_INFO: 0n }]] },
  },
  'link-page': {
    says: 'the VMCS link pointer, where there is one, is the address of a page',
    source: rest,
    when: linked,
    holds: page('VMCS_LINK_POINTER'),
    kvm: ['nested-vmx-link-address'],
    qualification: 4,
    witness: { facts: { memory: () => revision }, breaks: [[{ VMCS_LINK_POINTER: 0x3001n }, { VMCS_LINK_POINTER: 0x3000n }], [{ VMCS_LINK_POINTER: 1n << 46n }, { VMCS_LINK_POINTER: none }]] },
  },
  'link-revision': {
    says: 'the VMCS that is linked has the processor’s revision, and is a shadow exactly where VMCSs are shadowed',
    source: rest,
    when: linked,
    holds: memory('link-revision'),
    kvm: ['nested-vmx-link-revision'],
    qualification: 4,
    witness: {
      facts: { memory: (address) => (address === 0x3000 ? revision : address === 0x4000 ? revision - 0x8000_0000 : undefined) },
      breaks: [
        [{ VMCS_LINK_POINTER: 0x4000n }, { VMCS_LINK_POINTER: 0x3000n }],
        [{ ...longControls({ secondary: ['VMCS_SHADOWING'] }), VMCS_LINK_POINTER: 0x3000n }, { VMCS_LINK_POINTER: 0x4000n }],
        [{ VMCS_LINK_POINTER: 0x5000n }, { VMCS_LINK_POINTER: none }],
      ],
    },
  },
  'link-elsewhere': {
    says: 'the VMCS that is linked is not the VMCS itself',
    source: rest,
    when: all(linked, any(not(smm), entry('ENTRY_TO_SMM'))),
    holds: memory('link-elsewhere'),
    qualification: 4,
    witness: { facts: { memory: () => revision }, breaks: [[{ VMCS_LINK_POINTER: 0x9000n }, { VMCS_LINK_POINTER: 0xa000n }]] },
  },
  'pdptes-of-ept': {
    says: 'reserved bits of present page-directory-pointer-table entries are clear, where the guest has PAE paging and EPT',
    source: pointers,
    when: all(pae, secondary('EPT')),
    holds: every(registers, (field) => any(zeros(field, 1n), all(zeros(field, 0x1e6n), { op: 'physical', field, alignment: 0, ignored: 0n }))),
    qualification: 2,
    witness: {
      from: 'pae',
      breaks: registers.flatMap((field) => [
        [{ ...mixedControls({ secondary: ['EPT'] }), [field]: 0x1003n }, { [field]: 0x1002n }] as const,
        [{ ...mixedControls({ secondary: ['EPT'] }), [field]: (1n << 46n) | 1n }, { [field]: 0x1001n }] as const,
      ]),
    },
  },
  'pdptes-of-memory': {
    says: 'reserved bits of present page-directory-pointer-table entries in memory are clear, where the guest has PAE paging and no EPT',
    source: pointers,
    when: all(pae, not(secondary('EPT'))),
    holds: memory('page-directory-pointers'),
    qualification: 2,
    witness: {
      from: 'pae',
      facts: { memory: (address) => (address === 0x3008 ? 0x1021 : address === 0x301c ? 0x10_0000 : 0) },
      breaks: [[{ GUEST_CR3: 0x3000n }, { GUEST_CR3: 0x3020n }]],
    },
  },
} as const satisfies EntryChecks
