import { broadcastDestination, type InterruptMessage } from '@vmm/device'
import type { DistantApic } from '@vmm/kvm'
import { isAmong } from '@vmm/local-apic'
import { signalBits } from './board-layout.ts'
import type { BoardWords } from './board-words.ts'
import type { VcpuWords } from './vcpu-words.ts'

/** The local APIC of a vCPU in another thread: what it has told of itself, and a letter-box. */
export class ApicElsewhere implements DistantApic {
  readonly #words: VcpuWords
  readonly #board: BoardWords
  /** Nobody tells how busy it is: of several, messages for one go round. */
  readonly arbitrationPriority = 0

  constructor(board: BoardWords, id: number) {
    this.#board = board
    this.#words = board.vcpu(id)
  }

  get enabled(): boolean {
    return this.#words.apic.enabled
  }

  get softwareEnabled(): boolean {
    return this.#words.apic.softwareEnabled
  }

  matches(destination: number, mode: 'physical' | 'logical'): boolean {
    const { x2apicMode, id, logicalId, destinationFormat } = this.#words.apic
    if (destination === broadcastDestination || (destination === 0xff && !x2apicMode)) return true
    if (mode === 'physical') return destination === id
    if (!x2apicMode) return destination <= 0xff && isAmong(destination, logicalId >>> 24, destinationFormat)
    return destination >>> 16 === logicalId >>> 16 && (destination & logicalId & 0xffff) !== 0
  }

  /** Whatever is sent is taken: nobody waits to hear whether it was there already. But who is to start does so soon. */
  accept({ delivery, vector, trigger }: InterruptMessage): boolean {
    if (delivery === 'sipi') {
      this.#words.postStartup(vector)
      this.#words.thread.waitUntilThere()
    } else if (delivery === 'fixed' || delivery === 'lowest') this.#words.postVector(vector, trigger)
    else this.#words.post(signalBits[delivery])
    return true
  }

  setLint(_pin: 0, level: boolean): void {
    this.#board.picOutput = level
    this.#words.thread.ring()
  }
}
