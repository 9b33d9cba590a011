import type { Profile } from '@vmm/rule'
import { KvmIoBus } from './io-bus.ts'
import { KvmMmioBus } from './mmio-bus.ts'

/** The buses of a VM: what is attached here is called inside KVM_RUN, without an exit. */
export class VmBuses {
  readonly io: KvmIoBus
  readonly mmio: KvmMmioBus

  constructor(kernel: Profile) {
    this.io = new KvmIoBus(kernel)
    this.mmio = new KvmMmioBus(kernel)
  }
}
