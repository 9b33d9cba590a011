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
    machine: /haswell|-max$|-vmm$/,
    scenario: /^system-file$/,
    step: /KVM_GET_MSR_INDEX_LIST \{nmsrs=0\} → E2BIG /,
    because: 'QEMU, Bochs and KVM itself answer RDMSR of registers that the processors they are do not have (guests of KVM read AMD’s on Intel’s), and KVM lists what is read',
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
  {
    machine: /kvm_intel.*-vmm$/,
    scenario: /^vmx-msrs$/,
    step: /index=1163\}/,
    because: 'KVM offers its guests TSC scaling where its processor has it, and no CPUID says which processors do',
  },
  {
    machine: /kvm_intel.*-vmm$/,
    scenario: /^(coalesced-full|instructions-that-kvm-does-not-emulate|execution-where-no-memory-is|smi-without-memory-for-it)$/,
    step: /^run vcpu0 → 0 exit=internal_error suberror=1 .*8[14]07/,
    because: 'our processor tells in qualifications of EPT violations whether the linear address is a user’s and may be written to, and no CPUID says which processors do',
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
    scenario: /^(sregs2-)?pdptrs$/,
    step: /pdptrs\[|GET_SREGS2 \? cr0/,
    because: 'its guests have page tables of 64-bit mode alone: there is no PAE paging',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^a-table-that-is-refused$/,
    step: /KVM_GET_CPUID2 \{nent=4\} .*→ E2BIG/,
    because: 'its module puts leaf 0DH of the host into every table: of one entry it makes seven',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^(sregs-cr4|sregs-cr4-of-old)$/,
    step: /SREGS .*cr4/,
    because: 'what of CR4 its guests may set goes by the CPUID of the host, whatever their tables say',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^xcrs-(sets-the-first|of-old)$/,
    step: /SET_XCRS .*xcrs\[0\]\.value=(0xe7|3)\}/,
    because: 'what of XCR0 its guests may set goes by the CPUID of the host, whatever their tables say',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^regs-fixed-bit$/,
    step: /GET_REGS \? rflags/,
    because: 'its guests run in user mode, where there is no RFLAGS.VM',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^translate-tells$/,
    step: /KVM_TRANSLATE .*=0x5678/,
    because: 'its guests have no paging that is on while their tables are not there',
  },
  {
    machine: /6\.1\.192|kvm_pvm/,
    scenario: /^sregs-efer$/,
    step: /GET_SREGS \? efer/,
    because: 'EFER.SVME is taken there without a check, and our guests have no SVM of their own',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^vcpu-mmap/,
    step: /^mmap .* exec → EPERM/,
    because: 'files of its kernel are mounted so that nothing in them is run',
  },
  {
    machine: /kvm_pvm/,
    scenario: /^guest-memfd-bind$/,
    step: /REGION2 \{slot=0 .*guest_memfd=0xffffffff\}/,
    because: 'nobody has read in which 6.18 a slot began to keep its guest_memfd',
  },
]
