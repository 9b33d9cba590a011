import type { MmioRegion } from '@vmm/device'
import type { LocalApic } from '@vmm/local-apic'
import type { Initiator } from '@vmm/msr'
import type { Pic } from '@vmm/pic'
import type { LocalApicPort } from '@vmm/vcpu'
import type { VcpuInterrupts } from '../vcpu-machine.ts'

/** What a joined local APIC goes by. */
export interface JoinedApicOptions {
  readonly apic: LocalApic
  readonly id: number
  readonly bootstrap: boolean
  /** The PIC in the kernel; left out, user space is one, and gives vectors by KVM_INTERRUPT. */
  readonly pic: Pic | undefined
  /** KVM_X86_QUIRK_LAPIC_MMIO_HOLE: where the APIC does not answer at its page, nobody does. */
  readonly hasMemoryHole: () => boolean
  /** KVM_X2APIC_API_USE_32BIT_IDS. */
  readonly longIds: () => boolean
  readonly onChange: () => void
}

const base = { msr: 0x1b, address: 0xf_ffff_ffff_f000n }
const pageBytes = 0x1000
/** The task priority register, and the one that ends interrupts. Source: SDM 3A table 11-1. */
const [taskPriorityAt, endOfInterruptAt] = [0x80, 0xb0]

/** The local APIC of one vCPU, as the vCPU asks it, with the PIC that is connected to it. */
export class JoinedApic implements VcpuInterrupts {
  readonly apic: LocalApic
  readonly localApic: LocalApicPort
  readonly page: MmioRegion
  readonly #options: JoinedApicOptions
  #external: number | undefined

  constructor(options: JoinedApicOptions) {
    const { apic, bootstrap, pic } = options
    this.apic = apic
    this.#options = options
    const joined = this
    const own: LocalApicPort = {
      bootstrap,
      get ids() {
        return { x2apicMode: apic.x2apicMode, long: options.longIds(), own: options.id }
      },
      readRegisters: () => apic.readRegisters(),
      writeRegisters: (page, x2apicId) => {
        apic.writeRegisters(page, x2apicId)
        options.onChange()
      },
      initialize: () => apic.initialize(),
      endOfInterrupt: () => apic.page.write(endOfInterruptAt, 4, 0),
    }
    const external = {
      get vector() {
        return joined.#external
      },
      get accepts() {
        return apic.acceptsExternal
      },
      queue: (vector: number) => joined.#queue(vector),
    }
    this.localApic = pic === undefined ? { ...own, external } : own
    this.page = this.#createPage()
  }

  interruptPending(): boolean {
    return this.apic.externalPending() || this.apic.pending() >= 0
  }

  /** The PIC comes first. Source: arch/x86/kvm/irq.c kvm_cpu_get_interrupt (Linux 6.12). */
  acknowledge(): number {
    const { apic } = this
    if (!apic.externalPending()) return apic.acknowledge()
    apic.acknowledgeExternal()
    const { pic } = this.#options
    if (pic !== undefined) return pic.acknowledge()
    const vector = this.#external ?? 0
    this.#external = undefined
    apic.setLint(0, false)
    return vector
  }

  readApicMsr(index: number): bigint | undefined {
    return this.apic.readMsr(index)
  }

  writeApicMsr(index: number, value: bigint, initiator: Initiator): boolean {
    const accepted = this.apic.writeMsr(index, value, initiator)
    this.#options.onChange()
    return accepted
  }

  get taskPriority(): number {
    return this.apic.cr8
  }

  set taskPriority(value: number) {
    this.apic.cr8 = value
    this.#lookIfPending()
  }

  /** Nothing has changed but which of what waits may be taken. */
  #lookIfPending(): void {
    if (this.interruptPending()) this.#options.onChange()
  }

  #queue(vector: number): void {
    this.#external = vector
    this.apic.setLint(0, true)
    this.#options.onChange()
  }

  /** The page moves with IA32_APIC_BASE, and is nowhere where nobody answers. */
  #createPage(): MmioRegion {
    const { apic } = this
    const { hasMemoryHole, onChange } = this.#options
    const isHole = () => apic.page.base < 0
    return {
      get base() {
        const place = apic.page.base
        if (place >= 0) return place
        return hasMemoryHole() ? Number((apic.readMsr(base.msr) ?? 0n) & base.address) : -pageBytes
      },
      length: pageBytes,
      read: (offset, size) => (isHole() ? 0xffff_ffff >>> (32 - 8 * size) : apic.page.read(offset, size)),
      write: (offset, size, value) => {
        if (isHole()) return
        apic.page.write(offset, size, value)
        if (offset === taskPriorityAt) this.#lookIfPending()
        else onChange()
      },
    }
  }
}
