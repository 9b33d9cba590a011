import { kvmCoalescedMmio, kvmCoalescedMmioRing } from '@vmm/kvm-uapi'
import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import type { CoalescedZone } from '../rules/coalesced-mmio/case.ts'
import { collects, ringEntries } from '../rules/coalesced-mmio/collects.behaviour.ts'
import { registerCoalescedPipeline, unregisterCoalescedPipeline } from '../rules/coalesced-mmio/index.ts'
import { unregisters } from '../rules/coalesced-mmio/unregisters.behaviour.ts'
import { ioBusPipeline } from '../rules/io-bus/index.ts'

const pageBytes = 4096
const { size: head, offset: inRing } = kvmCoalescedMmioRing
const { size: entryBytes, offset: inEntry } = kvmCoalescedMmio
const [{ does: collect }] = collects.versions
const [{ does: unregister }] = unregisters.versions
/** Where the ring's page is in what user space maps of a vCPU. */
const pageAt = 2 * pageBytes

/**
 * Zones of addresses and ports whose stores are collected in a ring, without an exit. There is one ring: each vCPU's mapping
 * shows it, and is brought up to date when the kernel looks at it and when KVM_RUN comes back.
 */
export class CoalescedZones {
  readonly #calls
  readonly #ring = new Uint8Array(pageBytes)
  readonly #view = new DataView(this.#ring.buffer)
  readonly #mappings: Uint8Array[] = []
  #zones: readonly CoalescedZone[] = []

  constructor(kernel: Profile) {
    this.#calls = {
      register: resolve(registerCoalescedPipeline, kernel),
      unregister: resolve(unregisterCoalescedPipeline, kernel),
      bus: resolve(ioBusPipeline, kernel),
    }
  }

  /** A vCPU's mapping shows the ring from now on. */
  showIn(mapping: Uint8Array): void {
    const page = mapping.subarray(pageAt, pageAt + pageBytes)
    page.set(this.#ring)
    this.#mappings.push(page)
  }

  /** KVM_REGISTER_COALESCED_MMIO. `devices` are those that are on the zone's bus beside zones. */
  register(zone: CoalescedZone, devices: number): Answer<number> {
    const outcome = run(this.#calls.register, zone)
    if (outcome.kind === 'refused') return outcome.refusal
    const onBus = this.#zones.filter(({ pio }) => pio === zone.pio).length
    const placed = run(this.#calls.bus, { devices: devices + onBus })
    if (placed.kind === 'refused') return placed.refusal
    this.#zones = [...this.#zones, zone]
    return done(0, outcome.unread)
  }

  /** KVM_UNREGISTER_COALESCED_MMIO: every zone of the kind that the whole of this one lies in. */
  unregister(zone: CoalescedZone): Answer<number> {
    const outcome = run(this.#calls.unregister, zone)
    if (outcome.kind === 'refused') return outcome.refusal
    this.#zones = unregister({ zones: this.#zones, asked: zone })
    return done(0, outcome.unread)
  }

  /** Whether there are no zones, so that nothing is collected. */
  get isEmpty(): boolean {
    return this.#zones.length === 0
  }

  /** A store. True if it was collected: a zone has all of it, and the ring has room. */
  collects(pio: 0 | 1, address: number, bytes: number, value: bigint): boolean {
    if (this.isEmpty) return false
    const addr = BigInt(address)
    this.#gather()
    const first = this.#view.getUint32(inRing.first, true)
    const last = this.#view.getUint32(inRing.last, true)
    if (!collect({ zones: this.#zones, pio, addr, bytes, first, last })) return false
    const entry = head + last * entryBytes
    this.#view.setBigUint64(entry + inEntry.phys_addr, addr, true)
    this.#view.setUint32(entry + inEntry.len, bytes, true)
    this.#view.setUint32(entry + inEntry.pio, pio, true)
    for (let byte = 0; byte < bytes; byte += 1)
      this.#ring[entry + inEntry.data + byte] = Number((value >> BigInt(8 * byte)) & 0xffn)
    this.#view.setUint32(inRing.last, (last + 1) % ringEntries, true)
    for (const mapping of this.#mappings) mapping.set(this.#ring)
    return true
  }

  /** Takes what user space has written into a mapping, and shows it in the others. */
  #gather(): void {
    const changed = this.#mappings.find((mapping) => mapping.some((byte, at) => byte !== this.#ring[at]))
    if (changed === undefined) return
    this.#ring.set(changed)
    for (const mapping of this.#mappings) mapping.set(this.#ring)
  }
}
