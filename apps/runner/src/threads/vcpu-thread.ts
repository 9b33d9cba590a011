import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import type { StartState } from '@vmm/boot'
import type { KvmVcpu } from '@vmm/kvm'
import type { IoExit, MmioExit, VcpuExit } from '@vmm/vcpu'
import { begin, beginInRealMode } from '../begin.ts'
import { answerMemory, answerPort } from '../exits.ts'
import type { End } from '../machine-port.ts'
import type { Turn } from '../turns.ts'
import { Turns } from '../turns.ts'
import { requests, threadStates, wanted } from './board-layout.ts'
import { type ThreadOptions, ThreadVm } from './thread-vm.ts'

/** The longest between two looks at what others want. */
const sliceNanoseconds = 500_000
/** Fewer are hardly worth to begin, even where a timer is due before. */
const leastInstructions = 20_000
/** Who was slow was held up by others, and will be faster again: so much of the best that was seen is forgotten each time. */
const slowing = 0.99
/** Who has executed PAUSE so often in vain lets the host run somebody else for a moment. */
const pausesInVain = 200
/** So do those who take turns, when none of them has run for more between two of its PAUSEs. */
const spinInstructions = 1000
const napMilliseconds = 0.05
/** While a line is monitored, nobody sleeps for longer without a look at it. */
const lineMilliseconds = 1

/** Some vCPUs of a machine, which take turns in this thread until the machine wants no more. */
export class VcpuThread {
  readonly #own: ThreadVm
  readonly #turns: Turns
  /** What the image says of the first vCPU. */
  #image: StartState | undefined
  #seen = 0
  #pauses = 0
  /** Turns in a row that PAUSE has ended at once. */
  #spins = 0
  /** Instructions a nanosecond, as fast as it has lately been. */
  #speed = 0.3

  constructor(options: ThreadOptions) {
    this.#own = new ThreadVm(options)
    this.#turns = new Turns(this.#own.vm.vcpus)
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
    const { vm } = this.#own
    this.#own.reset()
    this.#turns.reset()
    vm.guest.together!.unpark()
    const vcpu = vm.vcpus.find(({ id }) => id === 0)
    if (vcpu === undefined) return
    for (let said = this.#heard(); said !== undefined; said = this.#heard()) this.#image = said
    if (start >= 0) beginInRealMode(vcpu, start)
    else if (this.#image !== undefined) begin(vcpu, this.#image)
  }

  #heard(): StartState | undefined {
    return parentPort === null ? undefined : receiveMessageOnPort(parentPort)?.message
  }

  #run(): void {
    const { board, words, vm } = this.#own
    while (board.runs) {
      this.#seen = words.bell
      this.#own.takeMessages()
      vm.interrupts.runTimers(vm.clock.now())
      vm.guest.armed.look()
      const turn = this.#turns.next()
      const end = turn?.vcpu.isReady === true ? this.#slice(turn) : this.#idle()
      if (end !== undefined) {
        parentPort?.postMessage(end)
        break
      }
    }
    vm.guest.together!.park()
    words.state = threadStates.stopped
    board.ring()
  }

  #slice({ vcpu, left }: Turn): End | undefined {
    const { clock, interrupts } = this.#own.vm
    const [since, before] = [clock.now(), vcpu.instructions]
    const nanoseconds = Math.min(sliceNanoseconds, interrupts.nextDeadline() - since)
    const signalAfter = Math.min(left, Math.max(leastInstructions, Math.ceil(nanoseconds * this.#speed)))
    this.#pauses = 0
    const answer = vcpu.run({ signalAfter, signalled: this.#signalled, endsTurn: this.#paused })
    const ran = vcpu.instructions - before
    this.#tell(vcpu)
    if (ran >= leastInstructions) this.#speed = Math.max(this.#speed * slowing, ran / Math.max(1, clock.now() - since))
    this.#rest(ran)
    if (answer.kind !== 'refused') return this.#answered(vcpu, answer.value)
    return answer.errno === 'EINTR' ? undefined : { kind: 'internal-error', says: answer.says }
  }

  /** What others may want to know of one that has run. */
  #tell(vcpu: KvmVcpu): void {
    const { words, tellApic } = this.#own.vcpus.find((own) => own.vcpu === vcpu)!
    words.retired = vcpu.instructions
    tellApic()
  }

  /** Where nobody here does anything but wait for somebody elsewhere, the host may run that one. */
  #rest(ran: number): void {
    this.#spins = this.#pauses > 0 && ran < spinInstructions ? this.#spins + 1 : 0
    const { length } = this.#own.vcpus
    if (this.#pauses < pausesInVain && (length === 1 || this.#spins < 2 * length)) return
    this.#spins = 0
    this.#wait(napMilliseconds)
  }

  readonly #isRung = (): boolean => this.#own.words.bell !== this.#seen

  readonly #signalled = (): boolean => this.#isRung() || this.#turns.isOver()

  readonly #paused = (): boolean => {
    this.#pauses += 1
    return this.#turns.endsByPause() || this.#isRung() || this.#pauses >= pausesInVain
  }

  #idle(): undefined {
    const { board, words, vm } = this.#own
    words.wakes = vm.vcpus.some(({ wakesOnInterrupt }) => wakesOnInterrupt)
    words.deadline = vm.interrupts.nextDeadline()
    words.state = threadStates.idle
    board.ring()
    this.#sleep(words.deadline)
    words.state = threadStates.running
  }

  /** Until it rings, a time has come, or another thread has stored to a line that is monitored here. */
  #sleep(deadline: number): void {
    const { clock, guest, vcpus } = this.#own.vm
    const left = () => (deadline - clock.now()) / 1e6
    if (guest.armed.size === 0) return this.#wait(left())
    while (guest.armed.size > 0 && left() > 0 && !this.#isRung() && !vcpus.some(({ isReady }) => isReady)) {
      this.#wait(Math.min(left(), lineMilliseconds))
      guest.armed.look()
    }
  }

  #wait(milliseconds: number): void {
    this.#own.asleep(() => this.#own.words.waitForRing(this.#seen, Math.max(0, milliseconds)))
  }

  #answered(vcpu: KvmVcpu, exit: VcpuExit): End | undefined {
    switch (exit.kind) {
      case 'io':
        this.#answerPort(vcpu, exit)
        return this.#finish(vcpu)
      case 'mmio':
        this.#answerMemory(vcpu, exit)
        return this.#finish(vcpu)
      case 'ioapic-eoi':
        return undefined
      case 'shutdown':
        return { kind: 'shutdown', because: exit.because, state: describe(vcpu) }
      case 'internal-error':
        return { kind: 'internal-error', says: exit.says }
      default:
        return { kind: 'internal-error', says: `KVM_RUN came back with ${exit.kind}` }
    }
  }

  #finish(vcpu: KvmVcpu): End | undefined {
    const answer = vcpu.runUnfinished()
    if (answer.kind !== 'refused') return this.#answered(vcpu, answer.value)
    return answer.errno === 'EINTR' ? undefined : { kind: 'internal-error', says: answer.says }
  }

  #answerPort(vcpu: KvmVcpu, exit: IoExit): void {
    const ports = {
      read: (port: number, size: number) => this.#own.ask(requests.portIn, port, size, 0),
      write: (port: number, size: number, value: number) => void this.#own.ask(requests.portOut, port, size, value),
    }
    answerPort({ ports }, vcpu, exit)
  }

  #answerMemory(vcpu: KvmVcpu, exit: MmioExit): void {
    const mmio = {
      read: (address: number, size: number) => this.#own.ask(requests.load, address, size, 0),
      write: (address: number, size: number, value: number) => void this.#own.ask(requests.store, address, size, value),
    }
    answerMemory({ mmio }, vcpu, exit)
  }
}

function describe({ id, state }: KvmVcpu): string {
  const hex = (value: bigint) => value.toString(16)
  const { cr0, cr3, cr4, efer } = state.getSregs()
  const { rip } = state.getRegs()
  return `vCPU ${id} RIP=${hex(rip)} CR0=${hex(cr0)} CR3=${hex(cr3)} CR4=${hex(cr4)} EFER=${hex(efer)}`
}
