import { probe, type Source } from '@vmm/source'

/** Kernels that were asked about the memory of VMs: the recordings are `cases/kernel/memory-calls.txt`. */
export const askedMemory: Source = probe(
  'memory-calls',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)

/** Kernels that were asked about eventfds that stores of guests signal: `cases/kernel/io.txt`. */
export const askedIo: Source = probe(
  'io',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
/** What kernels were asked about interrupt controllers, timers and eventfds that raise interrupts: cases/kernel/interrupts.txt. */
export const askedInterrupts: Source = probe(
  'interrupts',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
/** What kernels were asked about calls as such, and devices: cases/kernel/dispatch.txt. */
export const askedDispatch: Source = probe(
  'dispatch',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
/** What kernels were asked about vCPUs: cases/kernel/vcpus.txt. */
export const askedVcpus: Source = probe(
  'vcpus',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
/** What kernels were asked about capabilities: cases/kernel/capabilities.txt. */
export const askedCapabilities: Source = probe(
  'capabilities',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
