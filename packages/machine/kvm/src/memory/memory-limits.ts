import { type Host, has } from '@vmm/cpuid'
import type { HostFacts } from '@vmm/kvm-uapi'
import type { MemoryLimits } from './vm-memory.ts'

/** What limits are found from. */
export interface LimitsOptions {
  readonly host: Host
  readonly facts: HostFacts
  /** KVM_CHECK_EXTENSION on `/dev/kvm`, and on the VM. */
  readonly ofKernel: (capability: number) => number
  readonly ofVm: (capability: number) => number
}

const capability = { attributes: 233, memfd: 234, memfdFlags: 244 } as const
const pageBytes = 1n << 12n
/** Entries of 16 bytes that are kept back of a ring, and those of a full log of the processor's own. Source: virt/kvm/dirty_ring.c (Linux 6.12). */
const [entryBytes, keptBack, ofProcessor] = [16, 64, 512]

/** What the memory of a VM can be, on a host under a kernel. */
export function memoryLimits({ host, facts, ofKernel, ofVm }: LimitsOptions): MemoryLimits {
  const width = facts.tdp ? host.physicalAddressWidth : 52
  const halfSpace = has(host.cpuid, 'LA57') && !host.cleared.has('LA57') ? 56n : 47n
  const processorLogs = host.vendorModule === 'kvm_intel' && facts.tdp && host.params['kvm_intel.pml'] !== 0
  return {
    privateMemory: ofVm(capability.memfd) !== 0,
    userEnd: (1n << halfSpace) - pageBytes,
    lastPage: (1n << BigInt(width - 12)) - 1n,
    ringReserved: (keptBack + (processorLogs ? ofProcessor : 0)) * entryBytes,
    tdp: facts.tdp,
    attributes: ofKernel(capability.attributes) === 0 ? undefined : BigInt(ofVm(capability.attributes)),
    memfdFlags: ofKernel(capability.memfd) === 0 ? undefined : BigInt(ofKernel(capability.memfdFlags)),
  }
}
