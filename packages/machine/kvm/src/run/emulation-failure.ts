import type { Host } from '@vmm/cpuid'
import { type FailedEmulation, internalErrors, type VcpuExit } from '@vmm/vcpu'
import type { Untold } from '../rules/run/emulation-told.behaviour.ts'

/** The exit of an access to where no memory is, as each vendor's processor tells the first of a page: #VMEXIT(NPF), and EPT violation. */
const exits = {
  // user, write or fetch, and the final address: APM 2 §15.25.6
  svm: { reason: 0x400n, info: { read: 0x1_0000_0004n, write: 0x1_0000_0006n, fetch: 0x1_0000_0014n } },
  // read, write or fetch, linear address valid, and the final address: SDM 3C §29.2.1, Table 29-7
  vmx: { reason: 0x30n, info: { read: 0x181n, write: 0x182n, fetch: 0x184n } },
} as const

/** What is known of an instruction that could not be emulated. */
export function untold(vendorModule: Host['vendorModule'], { address, access, code }: FailedEmulation): Untold {
  const amd = vendorModule === 'kvm_amd'
  const { reason, info } = amd ? exits.svm : exits.vmx
  return { code: [...code], exit: [reason, info[access], amd ? BigInt(address) : 0n] }
}

/** L2 is kept, and not executed: what KVM says of what it cannot emulate. */
export const notExecuted: VcpuExit = {
  kind: 'internal-error',
  suberror: internalErrors.emulation,
  data: [],
  says: 'L2 is active, and not executed here',
}
