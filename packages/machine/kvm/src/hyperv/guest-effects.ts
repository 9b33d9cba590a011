import type { Initiator, MsrEffect } from '@vmm/msr'
import type { Profile } from '@vmm/rule'
import type { Vcpu, VcpuExit } from '@vmm/vcpu'
import { inRelease } from '../in-release.ts'
import type { VcpuNesting } from '../nested/vcpu-nesting.ts'
import { type HypervEvent, hypervSystemEvent } from '../rules/hyperv/system-event.behaviour.ts'
import type { HypervPartition } from './hyperv-partition.ts'

/** Who sees to what a write to an MSR sets off. */
export interface EffectsOptions {
  readonly kernel: Profile
  readonly partition: HypervPartition
  readonly nesting: Pick<VcpuNesting, 'leave'>
  /** Its KVM_RUN comes back with an exit behind the instruction that is under execution. */
  readonly vcpu: Pick<Vcpu, 'kick'>
}

/** What writes to MSRs of one vCPU set off beside their registers. */
export class GuestEffects {
  readonly #options: EffectsOptions
  readonly #systemEvent
  /** What user space itself has asked for by writing a register: the next KVM_RUN comes back with it. */
  #asked: VcpuExit | undefined

  constructor(options: EffectsOptions) {
    this.#options = options
    this.#systemEvent = inRelease(hypervSystemEvent, options.kernel)
  }

  happen(effect: MsrEffect, initiator: Initiator): void {
    switch (effect) {
      case 'leave nested operation':
        return this.#options.nesting.leave()
      case 'toggle hypercall page':
        return this.#options.partition.placeHypercalls()
      case 'change the reference page':
        return this.#options.partition.referenceChanged()
      case 'exit: Hyper-V crash':
        return this.#tell('crash', initiator)
      case 'exit: Hyper-V reset':
        return this.#tell('reset', initiator)
      default:
    }
  }

  /** The guest is about to be entered: with what KVM_RUN comes back instead, which is told once. */
  enter(): VcpuExit | undefined {
    const asked = this.#asked
    if (asked === undefined) this.#options.partition.enter()
    this.#asked = undefined
    return asked
  }

  #tell(event: HypervEvent, initiator: Initiator): void {
    const exit = { kind: 'system-event', type: this.#systemEvent(event) } as const
    if (initiator === 'guest') this.#options.vcpu.kick(exit)
    else this.#asked = exit
  }
}
