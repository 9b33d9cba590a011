import type { Profile } from '@vmm/rule'
import { CoalescedZones } from './coalesced.ts'
import { KvmIoBus } from './io-bus.ts'
import { IoEventFds } from './io-eventfds.ts'
import { KvmMmioBus } from './mmio-bus.ts'

/** The buses of a VM: what is attached here is called inside KVM_RUN, without an exit. */
export class VmBuses {
  readonly io: KvmIoBus
  readonly mmio: KvmMmioBus
  readonly eventFds: IoEventFds
  /** Stores that are collected instead. */
  readonly coalesced: CoalescedZones
  #order = 0

  constructor(kernel: Profile) {
    const nextOrder = () => this.#order++
    this.eventFds = new IoEventFds({ kernel, nextOrder, devices: (bus) => this[bus].devices })
    const { eventFds } = this
    this.io = new KvmIoBus({ kernel, nextOrder, eventFds })
    this.mmio = new KvmMmioBus({ kernel, nextOrder, eventFds })
    this.coalesced = new CoalescedZones(kernel)
  }
}
