import { type CpuidTable, entry } from './entry.ts'

/** All that a rule of the calls that tell what is supported looks at, and what their steps change. */
export interface DiscoveryCall {
  readonly request: {
    readonly header: 'usable' | 'faults' | 'read-only'
    /** How many entries user space says there is room for. */
    readonly nent: number
    /** Whether the padding of every entry that is there can be read, and is zero. */
    readonly padding: 'zero' | 'not zero'
    /** How many entries can be written before a fault. */
    readonly writable: number
  }
  readonly memory: 'enough' | 'none'
  /** What was asked for Hyper-V's leaves, and whether the kernel was built with them. */
  readonly hyperv: { readonly of: '/dev/kvm' | 'vCPU'; readonly built: boolean }
  /** How many entries the kernel makes room for. */
  readonly room: number
  /** What the kernel has to tell. */
  readonly entries: CpuidTable
  /** What user space is told. */
  readonly told: { readonly entries: CpuidTable; readonly nent: number }
}

const usable = { header: 'usable', nent: 2, padding: 'zero', writable: 2 } as const

/** A call that nothing speaks against, with room for one entry more than there is. For witnesses. */
export function aDiscovery(
  changes: Omit<Partial<DiscoveryCall>, 'request'> & { readonly request?: Partial<DiscoveryCall['request']> } = {},
): DiscoveryCall {
  const request = { ...usable, ...changes.request }
  return {
    memory: 'enough',
    hyperv: { of: 'vCPU', built: true },
    room: request.nent,
    entries: [entry(0, { eax: 1 })],
    told: { entries: [], nent: request.nent },
    ...changes,
    request,
  }
}
