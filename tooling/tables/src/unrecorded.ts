import type { CatalogueId } from './catalogue.ts'

/** Entries of the catalogue of which no kernel's answer is recorded, with the reason that they share. */
export interface Unrecorded {
  readonly why: string
  readonly ids: readonly CatalogueId[]
}

/** Why no answer is recorded, most telling first. An entry that has a recording must go: the tests say which. */
export const unrecorded: readonly Unrecorded[] = [
  {
    why: 'It takes a guest of a guest that runs: the recorded kernels run under an emulator whose nested guests no program of ours begins yet.',
    ids: [
      'hc-from-l2',
      'nested-regs-in-l2',
      'run-exception-to-vmexit',
      'nested-inject',
      'nested-leave-on-init',
      'nested-triple-fault',
      'nested-invalid-state-l2',
      'nested-unmappable',
      'vmx-msr-lists',
      'svm-vmrun-checks',
      'svm-gif',
      'svm-int-shadow',
      'svm-next-rip',
      'svm-vmload-virt',
    ],
  },
  {
    why: 'It is how a whole machine is saved and restored: its parts are recorded call by call, their order is user space’s.',
    ids: ['nested-order-of-restore'],
  },
  {
    why: 'It takes a processor with SGX, which neither the emulators nor the live kernel’s host have.',
    ids: [
      'sgx-cpuid-leaf12',
      'sgx-lepubkeyhash',
      'sgx-set-cpuid-effect',
      'sgx-encls-trap',
      'sgx-ecreate-checks',
      'sgx-ecreate-cpuid-missing',
      'sgx-ecreate-xfrm',
      'sgx-einit',
      'sgx-attribute-cap',
      'mce-sgx',
    ],
  },
  {
    why: 'Its releases are none of those that were recorded, which are Debian’s 6.1 and 6.12 and a 6.18 whose module runs no recorded guest code.',
    ids: [
      'set-cpuid-l2-active',
      'set-cpuid-runtime-before-compare',
      'get-cpuid2-sees-runtime',
      'hc-map-gpa-number-and-names',
    ],
  },
  {
    why: 'It takes encrypted guests, which are out of scope, to be seen at all.',
    ids: ['hc-snp-psc'],
  },
  {
    why: 'It takes memory to run out, another caller at the same moment, or a thousand devices: the probe is alone and has what it needs.',
    ids: ['set-cpuid-hyperv-alloc', 'set-cpuid-atomicity', 'fd-vcpu-mutex', 'io-bus-limit'],
  },
  {
    why: 'It takes another host: kernel, parameters or processor would have to be without what the recorded ones have, or have AMX or wider addresses.',
    ids: [
      'xcomp-guest-perm',
      'maxphyaddr-query',
      'gbpages-override',
      'smbase',
      'msr-negative-write-error',
      'nested-cap',
    ],
  },
  {
    why: 'What KVM tells of itself depends on host and release bit by bit: recorded lists are compared entry by entry by the tests of their packages.',
    ids: ['supported-cpuid-order', 'supported-kvm-leaf', 'supported-cpuid-feature-rules', 'msr-feature-index-list'],
  },
  {
    why: 'It is what other promises are derived by, and nothing of it is seen by itself: what follows from it is recorded there.',
    ids: ['set-cpuid-side-effects', 'vendor-detect', 'cpu-caps-intersection', 'pv-features-cache'],
  },
  {
    why: 'It is what CPUID, a register or a reset shows in the guest, of which the recorded guests ask only what the calls around them need.',
    ids: [
      'cpuid-faulting',
      'cpuid-out-of-range-intel',
      'cpuid-exec-tweaks',
      'feature-msr-reset',
      'feature-msr-ucode-exempt',
      'feat-ctl-guest',
      'edx-after-reset',
    ],
  },
  {
    why: 'It takes clocks, steal time or page faults of the host to be told of, whose values no two recordings share.',
    ids: [
      'pvmsr-wall-clock',
      'pvmsr-system-time',
      'tsc',
      'pvmsr-steal-time',
      'pvmsr-async-pf-ack',
      'pvmsr-migration-control',
      'hc-clock-pairing',
    ],
  },
  {
    why: 'It takes two vCPUs that run at once, or a counter that the recorded kernels do not show: the probe runs one after the other.',
    ids: ['hc-kick-cpu', 'hc-sched-yield', 'hc-stats'],
  },
  {
    why: 'It takes a guest that speaks to Hyper-V or Xen: Debian’s 6.1 is built without Xen, and no recorded guest makes these calls yet.',
    ids: [
      'hc-routing',
      'hv-hc-cpl',
      'hv-hc-access',
      'hv-hc-args',
      'hv-hc-exit',
      'xen-config',
      'xen-hc-args',
      'xen-hc-kernel',
      'xen-hc-exit',
      'rt-list-complete',
    ],
  },
  {
    why: 'The call behind the exit is recorded; what the exit’s page holds is compared with the kernel’s header alone.',
    ids: ['hc-map-gpa-exit'],
  },
]
