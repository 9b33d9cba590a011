import { IoBus, type PortRange } from '@vmm/device'
import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { ioBusPipeline } from '../rules/io-bus/index.ts'

/** The ports of a VM that are answered inside KVM_RUN. All others are exits. */
export class KvmIoBus {
  readonly #ports = new IoBus()
  readonly #register
  readonly #attached = new Set<PortRange>()

  constructor(kernel: Profile) {
    this.#register = resolve(ioBusPipeline, kernel)
  }

  /** Adds a range of ports; where it overlaps older ones, it wins. Refused where there are 1000 already. */
  attach(range: PortRange): Answer<number> {
    const outcome = run(this.#register, { devices: this.#attached.size })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#attached.add(range)
    this.#ports.attach(range)
    return done(0, outcome.unread)
  }

  /** Takes a range away; what it had covered is there again. */
  detach(range: PortRange): void {
    if (this.#attached.delete(range)) this.#ports.detach(range)
  }

  /** What the device at a port gives; undefined where there is none. */
  read(port: number, size: 1 | 2 | 4): number | undefined {
    return this.#ports.claims(port) ? this.#ports.read(port, size) : undefined
  }

  /** False where there is no device. */
  write(port: number, size: 1 | 2 | 4, value: number): boolean {
    if (!this.#ports.claims(port)) return false
    this.#ports.write(port, size, value)
    return true
  }
}
