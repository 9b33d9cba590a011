import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import type { StartState } from '@vmm/boot'
import type { KvmVcpu } from '@vmm/kvm'
import type { IoExit, MmioExit, VcpuExit } from '@vmm/vcpu'
import { begin, beginInRealMode } from '../begin.ts'
import { answerMemory, answerPort } from '../exits.ts'
import type { End } from '../machine-port.ts'
import { requests, threadStates, wanted } from './board-words.ts'
import { type ThreadOptions, ThreadVm } from './thread-vm.ts'

/** The longest between two looks at what others want. */
const sliceNanoseconds = 500_000
/** Fewer are hardly worth to begin, even where a timer is due before. */
const leastInstructions = 20_000
/** Who was slow was held up by others, and will be faster again: so much of the best that was seen is forgotten each time. */
const slowing = 0.99
/** Who has executed PAUSE so often in vain lets the host run somebody else for a moment. */
const pausesInVain = 200
const napMilliseconds = 0.05

/** One vCPU of a machine, run in this thread until the machine wants no more. */
export class VcpuThread {
  readonly #own: ThreadVm
  /** What the image says of the first vCPU. */
  #image: StartState | undefined
  #seen = 0
  #pauses = 0
  /** Instructions a nanosecond, as fast as it has lately been. */
  #speed = 0.3

  constructor(options: ThreadOptions) {
    this.#own = new ThreadVm(options)
  }

  /** Runs whenever it is wanted to, each time from the start. */
  serve(): void {
    const { board, words } = this.#own
    for (;;) {
      words.state = threadStates.stopped
      board.ring()
      board.waitWhileWanted(wanted.stop)
      if (board.wants === wanted.stop) continue
      words.state = threadStates.running
      this.#begin(board.start)
      this.#run()
      board.waitWhileWanted(wanted.run)
    }
  }

  #begin(start: number): void {
    const { vcpu } = this.#own
    this.#own.reset()
    this.#own.vm.guest.together!.unpark()
    if (vcpu.id !== 0) return
    for (let said = this.#heard(); said !== undefined; said = this.#heard()) this.#image = said
    if (start >= 0) beginInRealMode(vcpu, start)
    else if (this.#image !== undefined) begin(vcpu, this.#image)
  }

  #heard(): StartState | undefined {
    return parentPort === null ? undefined : receiveMessageOnPort(parentPort)?.message
  }

  #run(): void {
    const { board, vcpu, words, vm } = this.#own
    while (board.wants === wanted.run) {
      this.#seen = words.bell
      this.#own.takeMessages()
      this.#own.tellApic()
      vm.interrupts.runTimers(vm.clock.now())
      const end = vcpu.isReady ? this.#slice(vcpu) : this.#idle()
      if (end !== undefined) {
        parentPort?.postMessage(end)
        break
      }
    }
    vm.guest.together!.park()
    words.state = threadStates.stopped
    board.ring()
  }

  #slice(vcpu: KvmVcpu): End | undefined {
    const { clock, interrupts } = this.#own.vm
    const [since, before] = [clock.now(), vcpu.instructions]
    const nanoseconds = Math.min(sliceNanoseconds, interrupts.nextDeadline() - since)
    const signalAfter = Math.max(leastInstructions, Math.ceil(nanoseconds * this.#speed))
    this.#pauses = 0
    const answer = vcpu.run({ signalAfter, signalled: this.#isRung, endsTurn: this.#paused })
    const ran = vcpu.instructions - before
    this.#own.words.retired = vcpu.instructions
    this.#speed = Math.max(this.#speed * slowing, ran / Math.max(1, clock.now() - since))
    if (this.#pauses >= pausesInVain) this.#wait(napMilliseconds)
    if (answer.kind !== 'refused') return this.#answered(answer.value)
    return answer.errno === 'EINTR' ? undefined : { kind: 'internal-error', says: answer.says }
  }

  readonly #isRung = (): boolean => this.#own.words.bell !== this.#seen

  readonly #paused = (): boolean => {
    this.#pauses += 1
    return this.#isRung() || this.#pauses >= pausesInVain
  }

  #idle(): undefined {
    const { board, vcpu, words, vm } = this.#own
    words.wakes = vcpu.wakesOnInterrupt
    words.deadline = vm.interrupts.nextDeadline()
    words.state = threadStates.idle
    board.ring()
    this.#wait((words.deadline - vm.clock.now()) / 1e6)
    words.state = threadStates.running
  }

  #wait(milliseconds: number): void {
    this.#own.asleep(() => this.#own.words.waitForRing(this.#seen, Math.max(0, milliseconds)))
  }

  #answered(exit: VcpuExit): End | undefined {
    switch (exit.kind) {
      case 'io':
        this.#answerPort(exit)
        return this.#finish()
      case 'mmio':
        this.#answerMemory(exit)
        return this.#finish()
      case 'ioapic-eoi':
        return undefined
      case 'shutdown':
        return { kind: 'shutdown', because: exit.because, state: this.#describe() }
      case 'internal-error':
        return { kind: 'internal-error', says: exit.says }
      default:
        return { kind: 'internal-error', says: `KVM_RUN came back with ${exit.kind}` }
    }
  }

  #finish(): End | undefined {
    const answer = this.#own.vcpu.runUnfinished()
    if (answer.kind !== 'refused') return this.#answered(answer.value)
    return answer.errno === 'EINTR' ? undefined : { kind: 'internal-error', says: answer.says }
  }

  #answerPort(exit: IoExit): void {
    const ports = {
      read: (port: number, size: number) => this.#own.ask(requests.portIn, port, size, 0),
      write: (port: number, size: number, value: number) => void this.#own.ask(requests.portOut, port, size, value),
    }
    answerPort({ ports }, this.#own.vcpu, exit)
  }

  #answerMemory(exit: MmioExit): void {
    const mmio = {
      read: (address: number, size: number) => this.#own.ask(requests.load, address, size, 0),
      write: (address: number, size: number, value: number) => void this.#own.ask(requests.store, address, size, value),
    }
    answerMemory({ mmio }, this.#own.vcpu, exit)
  }

  #describe(): string {
    const { id, state } = this.#own.vcpu
    const hex = (value: bigint) => value.toString(16)
    const { cr0, cr3, cr4, efer } = state.getSregs()
    const { rip } = state.getRegs()
    return `vCPU ${id} RIP=${hex(rip)} CR0=${hex(cr0)} CR3=${hex(cr3)} CR4=${hex(cr4)} EFER=${hex(efer)}`
  }
}
