import type { CatalogueId } from './catalogue.ts'

/** Entries that will have promises and have none yet. A name that has one by now must go: the tests say which. */
export const notYet: readonly CatalogueId[] = [
  'set-cpuid-empty',
  'set-cpuid-flags-unvalidated',
  'xcomp-guest-perm',
  'edx-after-reset',
  'supported-cpuid-order',
  'supported-kvm-leaf',
  'svm-vmload-virt',
  'svm-int-shadow',
  'svm-next-rip',
  'fd-vcpu-mutex',
  'fd-lifetime',
  'vcpu-mmap',
  'run-arg',
  'run-eintr',
  'run-complete-first',
  'run-return',
  'run-flags',
  'run-irq-window',
  'run-emul-fail',
  'fpu',
  'stats-fd',
  'one-reg',
  'nmi',
  'smi',
  'memslot-aliasing',
  'dirty-log-get',
  'dirty-ring',
  'mem-attributes',
  'pre-fault',
  'coalesced',
  'tss-identity',
  'ioeventfd',
  'sgx-cpuid-leaf12',
  'sgx-mce',
  'sev-status-hypercall',
  'sev-ioctl',
  'sev-es-state',
  'sev-exits',
  'sw-protected-vm',
  'shim-entry',
  'shim-symbols',
  'shim-fd',
  'shim-memory',
  'shim-run',
  'shim-ucall',
  'shim-cpuid-host',
  'shim-sysfs',
  'shim-exitcodes',
  'shim-timing',
  'shim-order',
]

/** An entry that is kept without a promise of its own. */
export interface Told {
  readonly id: CatalogueId
  /** Why there is none, and what keeps it instead: promises are named in backquotes. */
  readonly why: string
}

/** Entries that have no promise of their own, each with the reason, in the catalogue's order. */
export const toldElsewhere: readonly Told[] = [
  {
    id: 'nested-set-cpuid',
    why: 'the same as `set-cpuid-l2-active`: what a CPUID table may be while L2 is active',
  },
  {
    id: 'nested-set-feature-msr',
    why: 'the same as `feature-msr-frozen-in-l2`, and before that `vmx-msr-after-vmxon`',
  },
]
