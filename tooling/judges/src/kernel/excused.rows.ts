/**
 * Answers that are not held against ours, and why: what a machine was, not what KVM does. Source: the machines' recordings
 * themselves, `machine.txt` beside the answers.
 */
export interface Excused {
  readonly machine: RegExp
  readonly scenario: RegExp
  /** Of the step, an arrow and the answer. */
  readonly step: RegExp
  readonly because: string
}

const all = /./

/** Source: what `machine.txt` says of each machine. */
export const excused: readonly Excused[] = [
  { machine: all, scenario: all, step: /index=0x10a\}.* entries\[\d\]\.data=/, because: 'what a host tells of its flaws is not in its CPUID' },
  { machine: all, scenario: /^devices/, step: /KVM_CREATE_DEVICE .* → 0 fd=/, because: 'which number a file gets is for the process to say' },
  { machine: all, scenario: /^region2$/, step: /KVM_CREATE_GUEST_MEMFD .* → \d+$/, because: 'which number a file gets is for the process to say' },
  {
    machine: /haswell|-max$/,
    scenario: /^system-file$/,
    step: /KVM_GET_MSR_INDEX_LIST \{nmsrs=0\} → E2BIG /,
    because: 'QEMU and Bochs answer RDMSR of registers that the processors they are do not have, and KVM lists what is read',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^system-file$/,
    step: /KVM_GET_MSR_INDEX_LIST \{nmsrs=0\} → E2BIG /,
    because: 'a vendor module of one’s own lists what it has',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^runtime-updates$/,
    step: /KVM_GET_CPUID2 /,
    because: 'the CPUID that the guests of this module execute is the host’s, whatever their tables say, and the module tells it',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^tsc-attributes$/,
    step: /^look heap 8/,
    because: 'guests of this module read the TSC of the host: no offset is kept',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^statistics$/,
    step: /^read v?stats /,
    because: 'a build of one’s own counts what no released kernel does',
  },
  {
    machine: all,
    scenario: /^statistics-described$/,
    step: /^read v?stats 48 →/,
    because: 'a file of statistics names the process that made the VM',
  },
  {
    machine: all,
    scenario: /^statistics-counted$/,
    step: /^read vstats (2952|912|16|8) →/,
    because: 'how often a host interrupts a guest, and what its memory management does, is the host’s',
  },
  { machine: /kvm_intel.*haswell/, scenario: /^vmx-msrs$/, step: /index=11(54|66)\}/, because: 'a Haswell in Bochs has no monitor-trap flag' },
  {
    machine: /kvm_intel.*haswell/,
    scenario: /^guest-debug-single-steps$/,
    step: /exit=debug arch.exception=1 arch.pc=100[012] |^run vcpu0 → 0 exit=io .*port=80 |KVM_GET_REGS .* rip=1002 /,
    because: 'Bochs traps before the first instruction of a guest that is entered with RFLAGS.TF: SDM 3B §17.3.2 says after it',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^pdptrs$/,
    step: /pdptrs\[/,
    because: 'its guests have page tables of 64-bit mode alone: there is no PAE paging',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^a-table-that-is-refused$/,
    step: /KVM_GET_CPUID2 \{nent=4\} .*→ E2BIG/,
    because: 'its module puts leaf 0DH of the host into every table: of one entry it makes seven',
  },
]
