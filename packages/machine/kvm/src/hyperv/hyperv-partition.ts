import { timeScale } from '@vmm/kvmclock'
import type { Profile } from '@vmm/rule'
import type { VcpuHost } from '@vmm/vcpu'
import { inRelease } from '../in-release.ts'
import { hypercallPage } from '../rules/hyperv/hypercall-page.behaviour.ts'
import { type ReferenceScale, referencePage } from '../rules/hyperv/reference-page.behaviour.ts'
import { referenceTime } from '../rules/hyperv/reference-time.behaviour.ts'

/** A time-stamp counter, as `VcpuTsc` has it. */
interface Counter {
  readonly now: bigint
  readonly kHz: number
}

/** What a VM is made of, to a guest that takes it for a partition of Hyper-V. */
export interface PartitionOptions {
  readonly kernel: Profile
  readonly driver: VcpuHost['drivenBy']
  /** The VM's clock, in nanoseconds. */
  readonly clock: () => bigint
  /** The counter of its first vCPU. */
  readonly counter: () => Counter | undefined
  /** Whether Xen's hypercalls are KVM's. */
  readonly xen: () => boolean
  /** Registers that are the partition's. */
  readonly register: (index: number) => bigint
  readonly setRegister: (index: number, value: bigint) => void
  /** Stores to guest memory, and what is there; false and undefined where there is none. */
  readonly store: (address: number, bytes: Uint8Array) => boolean
  readonly load: (address: number, bytes: number) => Uint8Array | undefined
}

/** HV_X64_MSR_HYPERCALL and HV_X64_MSR_REFERENCE_TSC are where their pages are, and whether they are on. */
const registers = {
  guestOsId: 0x4000_0000,
  hypercall: 0x4000_0001,
  timeRefCount: 0x4000_0020,
  referenceTsc: 0x4000_0021,
  tscFrequency: 0x4000_0022,
} as const
const enabled = 1n
const pageMask = ~0xfffn
const pageBytes = 24
/** A sequence that says that the page does not count. */
const invalidSequence = 0xffff_ffff

/** What guests of Hyper-V's interface find in their memory, and their reference time. Source: arch/x86/kvm/hyperv.c (Linux 6.12). */
export class HypervPartition {
  readonly #options: PartitionOptions
  readonly #does
  /** Whether the page is to be written before a guest is entered again. */
  #pending = false
  #scale: ReferenceScale | undefined

  constructor(options: PartitionOptions) {
    this.#options = options
    const { kernel } = options
    this.#does = {
      hypercallPage: inRelease(hypercallPage, kernel),
      referencePage: inRelease(referencePage, kernel),
      referenceTime: inRelease(referenceTime, kernel),
    }
  }

  /** HV_X64_MSR_HYPERCALL was written, or the identity of the guest, without which it is off: where it is on, its page is there. */
  placeHypercalls(): void {
    const { driver, xen, register, setRegister, store } = this.#options
    const asked = register(registers.hypercall)
    if ((asked & enabled) === 0n) return
    if (register(registers.guestOsId) === 0n) return setRegister(registers.hypercall, asked & ~enabled)
    store(Number(asked & pageMask), Uint8Array.from(this.#does.hypercallPage({ driver, xen: xen() })))
  }

  /** HV_X64_MSR_REFERENCE_TSC was written, or the clock has jumped. */
  referenceChanged(): void {
    this.#scale = undefined
    this.#pending = (this.#options.register(registers.referenceTsc) & enabled) !== 0n
  }

  /** A guest is about to be entered: what waits for that is written. */
  enter(): void {
    if (!this.#pending) return
    this.#pending = false
    this.#scale = this.#writeReference()
  }

  /** What a register shows that follows the time: HV_X64_MSR_TIME_REF_COUNT, and of a vCPU's counter HV_X64_MSR_TSC_FREQUENCY. */
  shown(index: number, { kHz }: Pick<Counter, 'kHz'>): bigint | undefined {
    if (index === registers.timeRefCount) return this.#referenceTime()
    return index === registers.tscFrequency ? BigInt(kHz) * 1000n : undefined
  }

  /** In units of 100 ns. */
  #referenceTime(): bigint {
    const { clock, counter } = this.#options
    return this.#does.referenceTime({ clock: clock(), timeStamp: counter()?.now ?? 0n, page: this.#scale })
  }

  #writeReference(): ReferenceScale | undefined {
    const { clock, counter, register, store, load } = this.#options
    const tsc = counter()
    const address = Number(register(registers.referenceTsc) & pageMask)
    const before = load(address, pageBytes)
    if (tsc === undefined || before === undefined) return undefined
    const scale = this.#does.referencePage({ ...timeScale(tsc.kHz * 1000), systemTime: clock(), timeStamp: tsc.now })
    if (scale === 'too slow') return undefined
    const page = new Uint8Array(pageBytes)
    const view = new DataView(page.buffer)
    const sequence = new DataView(before.buffer, before.byteOffset, 4).getUint32(0, true) + 1
    view.setUint32(0, sequence >= invalidSequence ? 1 : sequence, true)
    view.setBigUint64(8, scale.scale, true)
    view.setBigUint64(16, scale.offset, true)
    return store(address, page) ? scale : undefined
  }
}
