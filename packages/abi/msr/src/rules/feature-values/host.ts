/** What of a host decides the values of feature MSRs. */
export interface FeatureHost {
  readonly module: 'kvm_intel' | 'kvm_amd'
  /** What RDMSR of the host's own processor gives; none where it faults. */
  readonly readMsr: (index: number) => bigint | undefined
  /** Bugs that the host's kernel says its processor has. */
  readonly bugs: ReadonlySet<'meltdown' | 'ssb' | 'mds' | 'taa' | 'gds' | 'rfds' | 'its'>
  /** Transactional memory works. */
  readonly rtm: boolean
  /** The host flushes the first-level cache before it enters a guest, or an outer hypervisor does. */
  readonly flushesBeforeEntry: boolean
  /** Microcode mitigates gather data sampling. */
  readonly gathersMitigated: boolean
  /** LFENCE waits for everything before it. */
  readonly lfenceSerializes: boolean
  /** `enable_pmu`; the host's branch records, and its event sampling, can be given to guests. */
  readonly pmu: boolean
  readonly branchRecords: boolean
  readonly sampling: boolean
  /** Capabilities of nested VMX, by index; none where kvm_intel's `nested` is off. */
  readonly vmx: ReadonlyMap<number, bigint>
}

/** An Intel host that has none of the bugs, and nothing to tell. */
export const plainHost: FeatureHost = {
  module: 'kvm_intel',
  readMsr: () => undefined,
  bugs: new Set(),
  rtm: false,
  flushesBeforeEntry: true,
  gathersMitigated: true,
  lfenceSerializes: true,
  pmu: true,
  branchRecords: false,
  sampling: false,
  vmx: new Map(),
}
