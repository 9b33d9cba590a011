import { wanted } from './board-layout.ts'
import { ThreadWords, wordsOfThread } from './thread-words.ts'
import { VcpuWords, wordsOfVcpu } from './vcpu-words.ts'

/** Words of the whole machine. */
const whole = { doorbell: 0, wanted: 1, start: 2, picOutput: 3, threads: 16 } as const

/** How many processors there are, and how many threads run them. */
export interface BoardSize {
  readonly cpus: number
  readonly threads: number
}

/** The words that the machine's thread and those of its vCPUs have in common. */
export class BoardWords {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly size: BoardSize

  constructor(size: BoardSize, buffer = new SharedArrayBuffer(vcpusAt(size) * 4 + size.cpus * wordsOfVcpu * 4)) {
    this.size = size
    this.buffer = buffer
    this.words = new Int32Array(buffer)
  }

  /** The words of a thread. */
  thread(index: number): ThreadWords {
    return new ThreadWords(this, whole.threads + index * wordsOfThread)
  }

  /** The words of a processor. */
  vcpu(id: number): VcpuWords {
    const { threads } = this.size
    const thread = this.thread(id % threads)
    return new VcpuWords(this, vcpusAt(this.size) + id * wordsOfVcpu, { thread, number: Math.floor(id / threads) })
  }

  /** Processors of a thread, in the order in which it knows them: those with neighbouring numbers are in different ones. */
  vcpusOf(thread: number): readonly number[] {
    const { cpus, threads } = this.size
    return Array.from({ length: cpus }, (_, id) => id).filter((id) => id % threads === thread)
  }

  /** The machine's thread looks up. */
  ring(): void {
    Atomics.add(this.words, whole.doorbell, 1)
    Atomics.notify(this.words, whole.doorbell)
  }

  get doorbell(): number {
    return Atomics.load(this.words, whole.doorbell)
  }

  /** Until it rings after `seen`, or for so long. */
  waitForRing(seen: number, milliseconds: number): void {
    Atomics.wait(this.words, whole.doorbell, seen, milliseconds)
  }

  /** The same without stopping the thread. */
  async ringAfter(seen: number): Promise<void> {
    await Atomics.waitAsync(this.words, whole.doorbell, seen).value
  }

  get wants(): number {
    return Atomics.load(this.words, whole.wanted)
  }

  set wants(value: number) {
    Atomics.store(this.words, whole.wanted, value)
    Atomics.notify(this.words, whole.wanted)
  }

  /** Whether the threads are to run. */
  get runs(): boolean {
    return this.wants === wanted.run
  }

  /** Sleeps until something else is wanted. */
  waitWhileWanted(value: number): void {
    Atomics.wait(this.words, whole.wanted, value)
  }

  /** Where the first vCPU begins: at an address of real mode, or -1 where the image says. */
  get start(): number {
    return Atomics.load(this.words, whole.start)
  }

  set start(value: number) {
    Atomics.store(this.words, whole.start, value)
  }

  /** INT of the first PIC. */
  get picOutput(): boolean {
    return Atomics.load(this.words, whole.picOutput) !== 0
  }

  set picOutput(level: boolean) {
    Atomics.store(this.words, whole.picOutput, level ? 1 : 0)
  }
}

const vcpusAt = ({ threads }: BoardSize): number => whole.threads + threads * wordsOfThread
