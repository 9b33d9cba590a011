import { likeSaved, type PortRange, type Saved, type Timer } from '@vmm/device'
import { type KvmPitState2, pitFlags } from '@vmm/kvm-uapi'
import { createPit, type Pit } from '@vmm/pit'
import type { VmClock } from '../time/vm-clock.ts'
import { type PitRest, pitRegistersOf, pitStateOf } from './pit-state.ts'

/** What the timer of KVM_CREATE_PIT2 is made with. */
export interface KernelPitOptions {
  readonly clock: VmClock
  /** Drives GSI 0. */
  readonly drive: (level: boolean) => void
  /** KVM_PIT_SPEAKER_DUMMY. */
  readonly speaker: 'present' | 'absent'
  /** Its next deadline may be another. */
  readonly onChange: () => void
}

const firstCounter = 0x40

/** What `save` gives. */
type SavedPit = {
  pit: Saved
  loadedAt: bigint[]
  flags: number
  out: boolean
  makesUp: boolean
  owed: number
  acknowledged: boolean
}

/**
 * The 8254 in the kernel. It pulses its line at every tick, and, unless told otherwise, makes up for ticks that the guest
 * has not acknowledged when the next was due. Source: arch/x86/kvm/i8254.c (Linux 6.12).
 */
export class KernelPit {
  readonly ports: readonly PortRange[]
  readonly timer: Timer
  readonly #options: KernelPitOptions
  readonly #pit: Pit
  #rest: PitRest = { loadedAt: [0n, 0n, 0n], flags: 0 }
  /** OUT of the first counter, which is high until a mode is chosen. */
  #out = true
  #isLoading = false
  #makesUp = true
  #owed = 0
  #acknowledged = true

  constructor(options: KernelPitOptions) {
    this.#options = options
    const { clock, speaker } = options
    this.#pit = createPit({ clock, powerOn: 'unprogrammed', speaker, irq0: (level) => this.#follow(level) })
    this.timer = this.#pit.timer
    this.ports = (this.#pit.ports ?? []).map((range) => ({
      ...range,
      write: (port, size, value) => this.#write(range, port, size, value),
    }))
    const now = BigInt(clock.now())
    this.#rest = { loadedAt: [0n, now, now], flags: 0 }
  }

  /** KVM_REINJECT_CONTROL. */
  set makesUp(makesUp: boolean) {
    if (makesUp === this.#makesUp) return
    if (makesUp) this.forget()
    this.#makesUp = makesUp
  }

  get state(): KvmPitState2 {
    return pitStateOf(this.#pit.readRegisters(), this.#rest)
  }

  set state(state: KvmPitState2) {
    const { registers, loadedAt, flags } = pitRegistersOf(state, this.#options.clock.now())
    this.#rest = { loadedAt, flags }
    this.#isLoading = true
    this.#pit.writeRegisters(registers)
    this.#isLoading = false
    this.forget()
    this.#options.onChange()
  }

  /** The guest has acknowledged a tick: one that is owed comes now. */
  acknowledge(): void {
    if (!this.#makesUp) return
    this.#acknowledged = true
    if (this.#owed === 0) return
    this.#owed -= 1
    if (this.#owed > 0) this.#tick()
  }

  /** No tick is owed. */
  forget(): void {
    this.#owed = 0
    this.#acknowledged = true
  }

  /** As nobody has programmed it. */
  reset(): void {
    this.#isLoading = true
    this.#pit.reset()
    this.#isLoading = false
    this.#out = true
    const now = BigInt(this.#options.clock.now())
    this.#rest = { loadedAt: [0n, now, now], flags: 0 }
    this.forget()
  }

  save(): Saved {
    const [out, makesUp, owed, acknowledged] = [this.#out, this.#makesUp, this.#owed, this.#acknowledged]
    const { loadedAt, flags } = this.#rest
    return { pit: this.#pit.save(), loadedAt: [...loadedAt], flags, out, makesUp, owed, acknowledged }
  }

  /** @throws {RangeError} if it is not its own. */
  restore(saved: Saved): void {
    const state = likeSaved('pit in the kernel', this.save() as SavedPit, saved)
    const [first = 0n, second = 0n, third = 0n] = state.loadedAt
    this.#rest = { loadedAt: [first, second, third], flags: state.flags }
    this.#out = state.out
    this.#makesUp = state.makesUp
    this.#owed = state.owed
    this.#acknowledged = state.acknowledged
    this.#pit.restore(state.pit)
  }

  #write(range: PortRange, port: number, size: 1 | 2 | 4, value: number): void {
    range.write(port, size, value)
    if (port === firstCounter) this.forget()
    else if (port < firstCounter + 3) this.#loaded(port - firstCounter)
    this.#options.onChange()
  }

  #loaded(counter: number): void {
    const [first, second, third] = this.#rest.loadedAt
    const now = BigInt(this.#options.clock.now())
    this.#rest = { ...this.#rest, loadedAt: counter === 1 ? [first, now, third] : [first, second, now] }
  }

  #follow(level: boolean): void {
    const rises = level && !this.#out
    this.#out = level
    const isHpets = (this.#rest.flags & pitFlags.value.HPET_LEGACY) !== 0
    if (!rises || this.#isLoading || isHpets) return
    if (this.#makesUp) this.#owed += 1
    this.#tick()
  }

  #tick(): void {
    if (this.#makesUp) {
      if (!this.#acknowledged) return
      this.#acknowledged = false
    }
    this.#options.drive(true)
    this.#options.drive(false)
  }
}
