import { type KvmPitState2, pitConfigFlags } from '@vmm/kvm-uapi'
import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import type { VmBuses } from '../buses/vm-buses.ts'
import type { IrqchipMode } from '../rules/create-irqchip/case.ts'
import { createPitPipeline } from '../rules/create-pit/index.ts'
import { getPit2Pipeline, reinjectPipeline } from '../rules/pit-state/index.ts'
import type { VmClock } from '../time/vm-clock.ts'
import { KernelPit } from './kernel-pit.ts'

/** What the timer of a VM goes by. */
export interface VmPitOptions {
  readonly kernel: Profile
  readonly clock: VmClock
  readonly buses: VmBuses
  readonly irqchip: () => IrqchipMode
  /** Drives GSI 0. */
  readonly drive: (level: boolean) => void
  readonly onChange: () => void
}

/** The timer in the kernel, if there is one, and the calls on it. */
export class VmPit {
  readonly #options: VmPitOptions
  readonly #calls
  #pit: KernelPit | undefined

  constructor(options: VmPitOptions) {
    this.#options = options
    const { kernel } = options
    this.#calls = {
      create: resolve(createPitPipeline, kernel),
      state: resolve(getPit2Pipeline, kernel),
      reinject: resolve(reinjectPipeline, kernel),
    }
  }

  /** The timer. */
  get made(): KernelPit | undefined {
    return this.#pit
  }

  /** KVM_CREATE_PIT2. */
  create(flags: number): Answer<number> {
    const outcome = run(this.#calls.create, { irqchip: this.#options.irqchip(), pit: this.#present() })
    if (outcome.kind === 'refused') return outcome.refusal
    const speaker = (flags & pitConfigFlags.value.SPEAKER_DUMMY) === 0 ? 'absent' : 'present'
    const { clock, buses, drive, onChange } = this.#options
    const pit = new KernelPit({ clock, drive, speaker, onChange })
    for (const range of pit.ports) {
      const attached = buses.io.attach(range)
      if (attached.kind === 'refused') return attached
    }
    this.#pit = pit
    return done(0, outcome.unread)
  }

  /** KVM_GET_PIT2. */
  getState(): Answer<KvmPitState2> {
    const outcome = run(this.#calls.state, { pit: this.#present() })
    return outcome.kind === 'refused' ? outcome.refusal : done(this.#pit?.state ?? empty, outcome.unread)
  }

  /** KVM_SET_PIT2. KVM_SET_PIT leaves the flags as they are. */
  setState(state: Pick<KvmPitState2, 'channels'> & Partial<Pick<KvmPitState2, 'flags'>>): Answer<number> {
    const outcome = run(this.#calls.state, { pit: this.#present() })
    if (outcome.kind === 'refused') return outcome.refusal
    const pit = this.#pit
    if (pit !== undefined) pit.state = { channels: state.channels, flags: state.flags ?? pit.state.flags }
    return done(0, outcome.unread)
  }

  /** KVM_REINJECT_CONTROL. */
  reinject(makesUp: boolean): Answer<number> {
    const outcome = run(this.#calls.reinject, { pit: this.#present() })
    if (outcome.kind === 'refused') return outcome.refusal
    if (this.#pit !== undefined) this.#pit.makesUp = makesUp
    return done(0, outcome.unread)
  }

  #present(): 'present' | 'absent' {
    return this.#pit === undefined ? 'absent' : 'present'
  }
}

const empty: KvmPitState2 = { channels: [], flags: 0 }
