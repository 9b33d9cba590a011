import type { Vm } from '@vmm/kvm'
import type { PcDevices } from '@vmm/pc-board'
import { requests } from './board-layout.ts'
import type { ThreadWords } from './thread-words.ts'

/** What the machine's thread answers vCPUs in others: KVM's controllers first, then devices. */
export class BoardAnswers {
  readonly #vm: Vm
  readonly #devices: PcDevices
  readonly #told: () => void

  /** `told`: a device has been told something, and who has told it waits for its answer still. */
  constructor(vm: Vm, devices: PcDevices, told: () => void) {
    this.#vm = vm
    this.#devices = devices
    this.#told = told
  }

  /** Answers a thread that asks. */
  answer(thread: ThreadWords): void {
    if (thread.asked === requests.none) return
    const value = this.#answerTo(thread)
    this.#told()
    thread.answer(value)
  }

  #answerTo(thread: ThreadWords): number {
    const { io, mmio } = this.#vm.buses
    const { ports, mmio: memory, numericErrors } = this.#devices
    const { place, size, value } = thread.question
    switch (thread.asked) {
      case requests.portIn:
        return io.read(place, size) ?? ports.read(place, size)
      case requests.portOut:
        if (!io.write(place, size, value)) ports.write(place, size, value)
        return 0
      case requests.load:
        return Number(mmio.read(place, size) ?? memory.read(place, size))
      case requests.store:
        if (!mmio.write(place, size, BigInt(value))) memory.write(place, size, value)
        return 0
      case requests.endOfInterrupt:
        this.#vm.interrupts.controllers?.ioApic.endOfInterrupt(value, 'level')
        return 0
      case requests.acknowledge:
        return this.#vm.interrupts.controllers?.pic.acknowledge() ?? 0
      default:
        return numericErrors.raise() ? 1 : 0
    }
  }
}
