/** What a vCPU's thread asks of the machine's. */
export const requests = {
  none: 0,
  portIn: 1,
  portOut: 2,
  load: 3,
  store: 4,
  endOfInterrupt: 5,
  acknowledge: 6,
  numericError: 7,
} as const
export type Request = (typeof requests)[keyof typeof requests]

/** What a thread does now. */
export const threadStates = { new: 0, stopped: 1, running: 2, idle: 3 } as const

/** Signals to a vCPU beside vectors, a bit each. */
export const signalBits = {
  nmi: 1,
  smi: 2,
  init: 4,
  startup: 8,
  external: 16,
  unhalt: 32,
  ignoreNumericError: 64,
} as const

/** Words of the whole machine. */
const whole = { doorbell: 0, wanted: 1, start: 2, picOutput: 3, vcpus: 16 } as const
/** Words of each vCPU. */
const its = {
  bell: 0,
  state: 1,
  signals: 2,
  startup: 3,
  edge: 8,
  level: 16,
  apic: 24,
  asked: 32,
  place: 33,
  size: 35,
  value: 36,
  /** A double: as many as it has retired. */
  retired: 40,
  wakes: 42,
  /** A double: when it wakes by itself. */
  deadline: 44,
} as const
const wordsOfVcpu = 64
/** Between two looks at whether the machine has come to an end meanwhile. */
const lookMilliseconds = 100

/** What the machine wants of its threads: to run what a generation of starts says, or to stop. */
export const wanted = { stop: 0, run: 1 } as const

/** The words that the machine's thread and those of its vCPUs have in common. */
export class BoardWords {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly cpus: number

  constructor(cpus: number, buffer = new SharedArrayBuffer((whole.vcpus + cpus * wordsOfVcpu) * 4)) {
    this.cpus = cpus
    this.buffer = buffer
    this.words = new Int32Array(buffer)
  }

  vcpu(index: number): VcpuWords {
    return new VcpuWords(this, index)
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

/** What the local APIC of a vCPU tells those that send to it. */
export interface ToldApic {
  readonly enabled: boolean
  readonly softwareEnabled: boolean
  readonly x2apicMode: boolean
  readonly id: number
  readonly logicalId: number
  readonly destinationFormat: number
}

/** The words of one vCPU. */
export class VcpuWords {
  readonly #board: BoardWords
  readonly #words: Int32Array
  readonly #base: number
  readonly #retired: Float64Array
  readonly #deadline: Float64Array

  constructor(board: BoardWords, index: number) {
    this.#board = board
    this.#words = board.words
    this.#base = whole.vcpus + index * wordsOfVcpu
    this.#retired = new Float64Array(board.buffer, (this.#base + its.retired) * 4, 1)
    this.#deadline = new Float64Array(board.buffer, (this.#base + its.deadline) * 4, 1)
  }

  get bell(): number {
    return Atomics.load(this.#words, this.#base + its.bell)
  }

  /** It looks at what has come. */
  ring(): void {
    Atomics.add(this.#words, this.#base + its.bell, 1)
    Atomics.notify(this.#words, this.#base + its.bell)
  }

  /** Until it rings after `seen`, or for so long. */
  waitForRing(seen: number, milliseconds: number): void {
    Atomics.wait(this.#words, this.#base + its.bell, seen, milliseconds)
  }

  get state(): number {
    return Atomics.load(this.#words, this.#base + its.state)
  }

  set state(value: number) {
    Atomics.store(this.#words, this.#base + its.state, value)
    Atomics.notify(this.#words, this.#base + its.state)
  }

  /** Its thread can take what is sent to it, or need not any more. */
  waitUntilThere(): void {
    while (this.state === threadStates.new && this.#board.wants === wanted.run)
      Atomics.wait(this.#words, this.#base + its.state, threadStates.new, lookMilliseconds)
  }

  /** Whether an interrupt would wake it. */
  get wakes(): boolean {
    return Atomics.load(this.#words, this.#base + its.wakes) !== 0
  }

  set wakes(value: boolean) {
    Atomics.store(this.#words, this.#base + its.wakes, value ? 1 : 0)
  }

  /** Instructions that it has retired, as it last said. */
  get retired(): number {
    return this.#retired[0]!
  }

  set retired(count: number) {
    this.#retired[0] = count
  }

  /** When a timer of its own wakes it, while it is idle. */
  get deadline(): number {
    return this.#deadline[0]!
  }

  set deadline(nanoseconds: number) {
    this.#deadline[0] = nanoseconds
  }

  /** Nothing has come. */
  forget(): void {
    for (const [from, count] of [
      [its.signals, 1],
      [its.edge, 8],
      [its.level, 8],
    ] as const)
      this.#words.fill(0, this.#base + from, this.#base + from + count)
  }

  // -- what comes ------------------------------------------------------------------------------------------------

  post(signal: number): void {
    Atomics.or(this.#words, this.#base + its.signals, signal)
    this.ring()
  }

  postStartup(vector: number): void {
    Atomics.store(this.#words, this.#base + its.startup, vector)
    this.post(signalBits.startup)
  }

  postVector(vector: number, trigger: 'edge' | 'level'): void {
    Atomics.or(this.#words, this.#base + its[trigger] + (vector >>> 5), 1 << (vector & 31))
    this.ring()
  }

  takeSignals(): number {
    return Atomics.exchange(this.#words, this.#base + its.signals, 0)
  }

  get startup(): number {
    return Atomics.load(this.#words, this.#base + its.startup)
  }

  /** Vectors that have come, in no order. */
  *takeVectors(trigger: 'edge' | 'level'): Generator<number> {
    for (let word = 0; word < 8; word += 1) {
      const place = this.#base + its[trigger] + word
      if (Atomics.load(this.#words, place) === 0) continue
      let bits = Atomics.exchange(this.#words, place, 0)
      for (; bits !== 0; bits &= bits - 1) yield word * 32 + 31 - Math.clz32(bits & -bits)
    }
  }

  // -- its APIC --------------------------------------------------------------------------------------------------

  get apic(): ToldApic {
    const word = (index: number) => Atomics.load(this.#words, this.#base + its.apic + index) >>> 0
    const flags = word(0)
    return {
      enabled: (flags & 1) !== 0,
      softwareEnabled: (flags & 2) !== 0,
      x2apicMode: (flags & 4) !== 0,
      id: word(1),
      logicalId: word(2),
      destinationFormat: word(3),
    }
  }

  set apic({ enabled, softwareEnabled, x2apicMode, id, logicalId, destinationFormat }: ToldApic) {
    const flags = (enabled ? 1 : 0) | (softwareEnabled ? 2 : 0) | (x2apicMode ? 4 : 0)
    for (const [index, value] of [flags, id, logicalId, destinationFormat].entries())
      Atomics.store(this.#words, this.#base + its.apic + index, value)
  }

  // -- what it asks ----------------------------------------------------------------------------------------------

  /** Asks the machine's thread, and waits for its answer. */
  ask(request: Request, place: number, size: number, value: number): number {
    const [words, base] = [this.#words, this.#base]
    words[base + its.place] = place % 2 ** 32
    words[base + its.place + 1] = place / 2 ** 32
    words[base + its.size] = size
    words[base + its.value] = value
    Atomics.store(words, base + its.asked, request)
    this.#board.ring()
    while (Atomics.load(words, base + its.asked) === request) Atomics.wait(words, base + its.asked, request)
    return words[base + its.value]! >>> 0
  }

  /** What it asks. */
  get asked(): number {
    return Atomics.load(this.#words, this.#base + its.asked)
  }

  get question(): { readonly place: number; readonly size: 1 | 2 | 4; readonly value: number } {
    const [words, base] = [this.#words, this.#base]
    const place = (words[base + its.place]! >>> 0) + words[base + its.place + 1]! * 2 ** 32
    return { place, size: words[base + its.size] as 1 | 2 | 4, value: words[base + its.value]! >>> 0 }
  }

  answer(value: number): void {
    this.#words[this.#base + its.value] = value
    Atomics.store(this.#words, this.#base + its.asked, requests.none)
    Atomics.notify(this.#words, this.#base + its.asked)
  }
}
