import type { Feature } from '@vmm/cpuid'
import { kernelDoc, kernelSource, type Source } from '@vmm/source'

/** One hypercall of KVM. */
export interface HypercallRow {
  readonly number: number
  readonly name: string
  readonly says: string
  /** `'x86'` is answered here; the numbers of other architectures, and the ones given up, are unknown to x86. */
  readonly architecture: 'x86' | 'x86, removed' | 'powerpc' | 'mips'
  /** What a0 to a3 mean. */
  readonly arguments: readonly string[]
  /** The bit that advertises it, and that it needs where the host enforces feature bits. */
  readonly feature: Feature | undefined
  /** Whether the feature bit is required where the host enforces feature bits. */
  readonly enforced: 'enforced' | 'always'
  readonly source: Source
}

const doc = (section: string) => kernelDoc('Documentation/virt/kvm/x86/hypercalls.rst', section)
const header = kernelSource('include/uapi/linux/kvm_para.h', 'KVM_HC_*', '6.1')

const row = <const Name extends string>(number: number, name: Name, says: string, architecture: HypercallRow['architecture'], args: readonly string[], feature: Feature | undefined, enforced: HypercallRow['enforced'], source: Source) =>
  ({ number, name, says, architecture, arguments: args, feature, enforced, source })

/** Every number that KVM has given out, in order. */
export const hypercalls = [
  row( 1, 'KVM_HC_VAPIC_POLL_IRQ',      'Exits, so that pending interrupts are seen on the way back', 'x86',          [],                                               undefined,                       'always',   doc('1. KVM_HC_VAPIC_POLL_IRQ')),
  row( 2, 'KVM_HC_MMU_OP',              'Changed page tables in batches',                              'x86, removed', [],                                               'KVM_FEATURE_MMU_OP',            'always',   doc('2. KVM_HC_MMU_OP')),
  row( 3, 'KVM_HC_FEATURES',            'Says which hypercalls there are',                             'powerpc',      [],                                               undefined,                       'always',   doc('3. KVM_HC_FEATURES')),
  row( 4, 'KVM_HC_PPC_MAP_MAGIC_PAGE',  'Maps a page shared with the hypervisor',                      'powerpc',      [],                                               undefined,                       'always',   doc('4. KVM_HC_PPC_MAP_MAGIC_PAGE')),
  row( 5, 'KVM_HC_KICK_CPU',            'Wakes a halted vCPU',                                         'x86',          ['flags, unused', 'APIC ID'],                     'KVM_FEATURE_PV_UNHALT',         'enforced', doc('5. KVM_HC_KICK_CPU')),
  row( 6, 'KVM_HC_MIPS_GET_CLOCK_FREQ', 'Says the clock frequency',                                    'mips',         [],                                               undefined,                       'always',   header),
  row( 7, 'KVM_HC_MIPS_EXIT_VM',        'Ends the machine',                                            'mips',         [],                                               undefined,                       'always',   header),
  row( 8, 'KVM_HC_MIPS_CONSOLE_OUTPUT', 'Prints',                                                      'mips',         [],                                               undefined,                       'always',   header),
  row( 9, 'KVM_HC_CLOCK_PAIRING',       'Writes one TSC value and the real time at it',                'x86',          ['guest physical address', 'clock type'],         undefined,                       'always',   doc('6. KVM_HC_CLOCK_PAIRING')),
  row(10, 'KVM_HC_SEND_IPI',            'Sends one IPI to many vCPUs',                                 'x86',          ['bitmap, low', 'bitmap, high', 'lowest APIC ID', 'ICR'], 'KVM_FEATURE_PV_SEND_IPI', 'enforced', doc('6. KVM_HC_SEND_IPI')),
  row(11, 'KVM_HC_SCHED_YIELD',         'Gives the time slice to a vCPU that was preempted',           'x86',          ['APIC ID'],                                      'KVM_FEATURE_PV_SCHED_YIELD',    'enforced', doc('7. KVM_HC_SCHED_YIELD')),
  row(12, 'KVM_HC_MAP_GPA_RANGE',       'Says that pages become encrypted or decrypted',               'x86',          ['guest physical address', 'pages of 4 KBytes', 'attributes'], 'KVM_FEATURE_HC_MAP_GPA_RANGE', 'always', doc('8. KVM_HC_MAP_GPA_RANGE')),
] as const satisfies readonly HypercallRow[]

/** The name of a hypercall. */
export type HypercallName = (typeof hypercalls)[number]['name']
