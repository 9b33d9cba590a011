import type { CatalogueId } from './catalogue.ts'

/** Entries that will have promises and have none yet. A name that has one by now must go: the tests say which. */
export const notYet: readonly CatalogueId[] = []

/** An entry that is kept without a promise of its own. */
export interface Told {
  readonly id: CatalogueId
  /** Why there is none, and what keeps it instead: promises are named in backquotes. */
  readonly why: string
}

/** Entries that have no promise of their own, each with the reason, in any order. */
export const toldElsewhere: readonly Told[] = [
  {
    id: 'nested-set-cpuid',
    why: 'the same as `set-cpuid-l2-active`: what a CPUID table may be while L2 is active',
  },
  {
    id: 'nested-set-feature-msr',
    why: 'the same as `feature-msr-frozen-in-l2`, and before that `vmx-msr-after-vmxon`',
  },
  {
    id: 'set-cpuid-empty',
    why: 'Nothing is refused and nothing read, so there is no step: `set-cpuid-install` takes a table of no entries as it is, `maxphyaddr-query` and `guest-supported-xcr0` say what follows.',
  },
  {
    id: 'set-cpuid-flags-unvalidated',
    why: 'That nothing is looked at is no step: `set-cpuid-install` keeps flags and indexes as they are, `set-cpuid-lookup` tells what they meant to old kernels, `set-cpuid-flags-after-run` since when they are compared.',
  },
  {
    id: 'sgx-mce',
    why: 'The same as `mce-and-sgx`: neither a machine check nor clearing IA32_MCi_CTL takes anything from a guest. Poisoned enclave memory is the host’s.',
  },
  {
    id: 'sev-status-hypercall',
    why: 'A guest tells what is encrypted by MAP_GPA_RANGE: `hc-map-gpa-exits`, `hc-map-gpa-disabled`, `hc-map-gpa-range`. Who keeps the book is user space; the bitmap that KVM would have kept was never merged.',
  },
  {
    id: 'sev-ioctl',
    why: 'No processor here encrypts memory, and KVM says so as on such a host: `fd-unknown-on-vm` answers KVM_MEMORY_ENCRYPT_OP and the two calls on regions, and `vm-create-type` has no such VM.',
  },
  {
    id: 'sev-es-state',
    why: 'There is no VM with protected state to be asked: `vm-create-type`. Its calls on registers would be refused, or do nothing in the first such VMs.',
  },
  {
    id: 'sev-exits',
    why: 'Only encrypted guests cause them, but for what they share with others: `hc-snp-psc` makes of theirs the exit of MAP_GPA_RANGE.',
  },
  {
    id: 'shim-entry',
    why: 'The order in which the kernel’s own tests open the device and make a guest is one of calls that have their promises; the README of `@vmm/kvm` says which there are.',
  },
  {
    id: 'shim-symbols',
    why: 'About a library that stands before libc, and there is none: the device is objects and calls. What it would need is there: `ioctl` with a request and an address.',
  },
  {
    id: 'shim-fd',
    why: 'File descriptors are the system’s; here they are objects. That a child of its maker gets EIO is `fd-mm-check`.',
  },
  {
    id: 'shim-memory',
    why: 'How memory of another process is reached is the business of whoever gives a `UserMemory`; that every copy may fault is kept by each call’s own promises, and what becomes of a guest whose memory is not there by `run-memory-fault`.',
  },
  {
    id: 'shim-run',
    why: 'That `kvm_run` is read once at entry, and `immediate_exit` looked at between slices, is part of KVM_RUN’s promises; signals come in through a port.',
  },
  {
    id: 'shim-ucall',
    why: 'A port access with registers behind it: that GET_REGS and guest memory agree at an exit, and that it is over in the next KVM_RUN, is held by the tests of `@vmm/kvm`.',
  },
  {
    id: 'shim-cpuid-host',
    why: 'A program that asks its own processor and expects the guest’s to be the same needs the host that it has: a dump of it gives one, with `readHost`.',
  },
  {
    id: 'shim-sysfs',
    why: 'Files under /sys/module are the system’s; the parameters that decide something are in the host’s `params`.',
  },
  {
    id: 'shim-exitcodes',
    why: 'How the kernel’s tests tell that they were passed over is no promise of KVM’s.',
  },
  {
    id: 'shim-timing',
    why: 'How long the kernel’s tests wait is no promise of KVM’s; the clocks that they compare are ports of the device.',
  },
  {
    id: 'shim-order',
    why: 'An order to try the kernel’s tests in is no promise of KVM’s.',
  },
  {
    id: 'fpu',
    why: 'KVM_GET_FPU and KVM_SET_FPU copy 416 bytes and refuse nothing; what they hold is told by the recorded answers to state calls. Only protected guests refuse.',
  },
  {
    id: 'one-reg',
    why: 'The same as what `one-reg-id` and its neighbours say of KVM_GET_ONE_REG and KVM_SET_ONE_REG.',
  },
  {
    id: 'run-arg',
    why: 'KVM_RUN is one of the calls that take no argument: `fd-devarg-zero` refuses any but 0.',
  },
  {
    id: 'run-flags',
    why: 'Told whenever KVM_RUN comes back, and never refused: the flag of SMM goes with what `smm-save-fails` and `smi-not-built` are about. Bus locks and L2 are not executed here.',
  },
  {
    id: 'run-irq-window',
    why: 'An exit where user space asks for one, as soon as the vector that `interrupt-queued` takes would be delivered next; no call is refused for it.',
  },
]
