import type { EventFd } from '../event-fd.ts'
import { type LineSource, lineSources } from './controllers.ts'

/** What KVM_IRQFD ties. */
export interface IrqFd {
  readonly fd: EventFd
  readonly gsi: number
  /** Signalled when the guest has acknowledged the interrupt, whose line is up until then. */
  readonly resample?: EventFd | undefined
}

type Drive = (source: LineSource, gsi: number, level: boolean) => unknown

/** Which VMs an eventfd raises interrupts of. */
const tiedTo = new WeakMap<EventFd, Set<IrqFds>>()

/** The eventfds that raise interrupts of a VM. Source: virt/kvm/eventfd.c (Linux 6.12). */
export class IrqFds {
  readonly #drive: Drive
  readonly #tied = new Map<IrqFd, () => void>()

  constructor(drive: Drive) {
    this.#drive = drive
  }

  /** Whether an eventfd raises an interrupt of this VM, or of another only. */
  holds(fd: EventFd): 'here' | 'elsewhere' | 'nowhere' {
    const vms = tiedTo.get(fd)
    if (vms === undefined || vms.size === 0) return 'nowhere'
    return vms.has(this) ? 'here' : 'elsewhere'
  }

  /** Ties an eventfd. What is in it already raises the interrupt now, and stays in it. */
  tie(irqFd: IrqFd): void {
    const { fd } = irqFd
    const raise = () => this.#raise(irqFd)
    const signalled = (take: () => bigint) => {
      take()
      raise()
    }
    this.#tied.set(irqFd, fd.listen({ signalled, closed: () => this.#release(irqFd) }))
    tiedTo.set(fd, (tiedTo.get(fd) ?? new Set()).add(this))
    if (fd.poll().readable) raise()
  }

  /** Unties an eventfd from a GSI, if it is tied to it. */
  untie(fd: EventFd, gsi: number): void {
    for (const irqFd of [...this.#tied.keys()]) if (irqFd.fd === fd && irqFd.gsi === gsi) this.#release(irqFd)
  }

  /** Whether anybody wants to know that the guest has acknowledged a GSI. */
  resamples(gsi: number): boolean {
    return this.#resampling(gsi).length > 0
  }

  /** The guest has acknowledged a GSI: its line falls, and who drives it is told. */
  acknowledge(gsi: number): void {
    if (!this.resamples(gsi)) return
    this.#drive(lineSources.resample, gsi, false)
    this.ask(gsi)
  }

  /** Asks who drives a GSI to look whether it is still up. */
  ask(gsi: number): void {
    for (const { resample } of this.#resampling(gsi)) resample?.signal()
  }

  /** The VM is gone. */
  releaseAll(): void {
    for (const irqFd of [...this.#tied.keys()]) this.#release(irqFd)
  }

  #resampling(gsi: number): readonly IrqFd[] {
    return [...this.#tied.keys()].filter((irqFd) => irqFd.gsi === gsi && irqFd.resample !== undefined)
  }

  #raise({ gsi, resample }: IrqFd): void {
    if (resample !== undefined) {
      this.#drive(lineSources.resample, gsi, true)
      return
    }
    this.#drive(lineSources.userSpace, gsi, true)
    this.#drive(lineSources.userSpace, gsi, false)
  }

  #release(irqFd: IrqFd): void {
    this.#tied.get(irqFd)?.()
    this.#tied.delete(irqFd)
    const { fd, gsi, resample } = irqFd
    if (![...this.#tied.keys()].some((other) => other.fd === fd)) tiedTo.get(fd)?.delete(this)
    if (resample !== undefined && !this.resamples(gsi)) this.#drive(lineSources.resample, gsi, false)
  }
}
