import { MmioBus, type MmioRegion } from '@vmm/device'
import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { ioBusPipeline } from '../rules/io-bus/index.ts'

const fourBytes = 32n
const low = 0xffff_ffffn

/** The windows of guest-physical memory that are answered inside KVM_RUN. Where there is no memory either, all else is an exit. */
export class KvmMmioBus {
  readonly #windows = new MmioBus()
  readonly #register
  readonly #attached = new Set<MmioRegion>()

  constructor(kernel: Profile) {
    this.#register = resolve(ioBusPipeline, kernel)
  }

  /** Adds a window, which may move: its `base` is asked at every access. Refused where there are 1000 already. */
  attach(region: MmioRegion): Answer<number> {
    const outcome = run(this.#register, { devices: this.#attached.size })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#attached.add(region)
    this.#windows.attach(region)
    return done(0, outcome.unread)
  }

  /** Takes a window away. */
  detach(region: MmioRegion): void {
    if (this.#attached.delete(region)) this.#windows.detach(region)
  }

  /** What the device at an address gives; undefined where there is none. Eight bytes are two accesses of four, the lower first. */
  read(address: number, size: 1 | 2 | 4 | 8): bigint | undefined {
    if (!this.#windows.claims(address)) return undefined
    if (size !== 8) return BigInt(this.#windows.read(address, size))
    const first = BigInt(this.#windows.read(address, 4))
    return first | (BigInt(this.#windows.read(address + 4, 4)) << fourBytes)
  }

  /** False where there is no device. */
  write(address: number, size: 1 | 2 | 4 | 8, value: bigint): boolean {
    if (!this.#windows.claims(address)) return false
    this.#windows.write(address, size === 8 ? 4 : size, Number(value & low))
    if (size === 8) this.#windows.write(address + 4, 4, Number(value >> fourBytes))
    return true
  }
}
