import { Oracle } from '@vmm/oracle'
import {
  type EngineVariant,
  engineOf,
  engineVariants,
  type ProcessorState,
  setState,
  stateOfEngine,
  stateOfOracle,
} from '@vmm/processors'
import type { Engine } from '@vmm/wasm-engine'
import { exceptions, type StateField } from '@vmm/x86-registers'
import { eventKind, generalProtection, type Instruction, type Surroundings } from '@vmm/x86-semantics'
import { type Image, regions } from './image.ts'

type Told = Pick<ProcessorState, 'get' | 'gpr' | 'rflags' | 'vector' | 'x87'>

/** What both readings of the descriptions have in common, so that one harness drives them. */
export interface Subject extends Told {
  readonly name: 'oracle' | 'engine'
  /** What has been asked of the surroundings since `load`, a line each. */
  readonly asked: readonly string[]
  /** Memory and state become those of an image. */
  load(image: Image): void
  /** Changes memory behind the processor's back, as a device or another processor does. */
  poke(address: number, bytes: Uint8Array): void
  /** A region of memory, by its place in `regions`. */
  memory(region: number): Uint8Array
  retired(): number
  run(budget: number): Stop
  /** Data breakpoints met since the last look, as bits 3:0 of DR6. */
  takeDebugHits(): number
  deliver(vector: number, kind: number, errorCode: number | undefined, returnRip: bigint): Fault | undefined
}

export type Stop =
  | { readonly kind: 'budget' | 'events' | 'waiting' }
  | { readonly kind: 'exit'; readonly reason: string }
  | ({ readonly kind: 'fault' } & Fault)

export interface Fault {
  readonly vector: number
  readonly errorCode: number | undefined
}

/** The part of a subject that ports look at. */
interface Answering {
  retired(): number
  set(field: StateField, value: bigint): void
}

/** Surroundings that answer by what is asked alone, and remember what was. */
function portsOf(subject: () => Answering, asked: string[]) {
  const note = (text: string): void => {
    asked.push(`${text} at ${subject().retired()}`)
  }
  const mixed = (...values: number[]): number =>
    values.reduce((all, value) => Math.imul(all ^ value, 0x9e37_79b1) ^ (all >>> 15), 0x1234_5678) >>> 0
  return {
    cpuid: (leaf, subleaf) => [mixed(leaf, 0), mixed(leaf, subleaf), mixed(leaf, 2), mixed(leaf, 3)],
    readMsr: (index) => (index % 3 === 0 ? generalProtection : BigInt(mixed(index)) << 7n),
    writeMsr: (index, value) => {
      note(`WRMSR ${index} ${value}`)
      return index % 3 === 0 ? generalProtection : undefined
    },
    portIn: (port, size) => {
      note(`IN ${port} ${size}`)
      return mixed(port, size)
    },
    portOut: (port, size, value) => {
      note(`OUT ${port} ${size} ${value}`)
      return true
    },
    mmioRead: (address, size) => {
      note(`load ${address} ${size}`)
      return BigInt.asUintN(size * 8, BigInt(mixed(address, size)) * 0x1_0000_0001n)
    },
    mmioWrite: (address, size, value) => note(`store ${address} ${size} ${value}`),
    timeStamp: () => BigInt(subject().retired()) * 3n,
    random: () => BigInt(mixed(asked.length, subject().retired())),
    taskPriority: () => asked.length & 15,
    setTaskPriority: (value) => note(`CR8 ${value}`),
    hypercall: () => {
      note('VMCALL')
      return true
    },
    writeXcr: (index, value) => {
      if (index !== 0 || (value & 1n) === 0n || value > 7n || (value & 6n) === 4n) return generalProtection
      subject().set('XCR0', value)
      return undefined
    },
  } satisfies Surroundings
}

const resumeFlag = 1n << 16n

/** The image of a fault has RF set. SDM 3B §18.3.1.1. */
const isFault = ([vector, kind]: Parameters<Subject['deliver']>): boolean =>
  kind === eventKind.exception &&
  (vector === exceptions.DE.vector || vector > exceptions.OF.vector) &&
  vector !== exceptions.DF.vector

/** The described instructions, read as numbers. */
export class OracleSubject implements Subject {
  readonly name = 'oracle'
  readonly asked: string[] = []
  readonly #instructions: ReadonlyMap<string, Instruction> | undefined
  readonly #contents = regions.map(({ bytes }) => new Uint8Array(bytes))
  #oracle: Oracle
  #state: ProcessorState
  #hits = 0

  constructor(instructions?: ReadonlyMap<string, Instruction>) {
    this.#instructions = instructions
    this.#oracle = this.#fresh()
    this.#state = stateOfOracle(this.#oracle)
  }

  #fresh(): Oracle {
    const instructions = this.#instructions === undefined ? {} : { instructions: this.#instructions }
    const read = (address: number) => this.#byte(address, (bytes, at) => bytes[at]!)
    const write = (address: number, value: number) =>
      this.#byte(address, (bytes, at, readOnly) => {
        if (!readOnly) bytes[at] = value
        return !readOnly
      }) ?? false
    const ports = portsOf(() => this.#answering(), this.asked)
    return new Oracle({ memory: { read, write }, ports, ...instructions })
  }

  /** Does something with a byte of memory, or gives undefined where there is none. */
  #byte<T>(address: number, act: (bytes: Uint8Array, at: number, readOnly: boolean) => T): T | undefined {
    const index = regions.findIndex((each) => address >= each.address && address < each.address + each.bytes)
    const found = regions[index]
    return found === undefined ? undefined : act(this.#contents[index]!, address - found.address, found.readOnly)
  }

  #answering(): Answering {
    return {
      retired: () => this.#oracle.retired,
      set: (field, value) => this.#oracle.state.set(field, value),
    }
  }

  load(image: Image): void {
    this.asked.length = 0
    this.#oracle = this.#fresh()
    image.memory.forEach((bytes, index) => {
      this.#contents[index]!.set(bytes)
    })
    this.#state = stateOfOracle(this.#oracle)
    setState(this.#state, image)
  }

  get = (field: StateField): bigint => this.#state.get(field)
  gpr = (index: number): bigint => this.#state.gpr(index)
  rflags = (): bigint => this.#state.rflags()
  vector = (index: number): bigint => this.#state.vector(index)
  x87 = (physical: number): bigint => this.#state.x87(physical)
  memory = (region: number): Uint8Array => this.#contents[region]!
  poke = (address: number, bytes: Uint8Array): void =>
    bytes.forEach((value, index) => {
      this.#byte(address + index, (content, at) => content.fill(value, at, at + 1))
    })
  retired = (): number => this.#oracle.retired
  run = (budget: number): Stop => {
    for (let left = budget; left > 0; left -= 1) {
      const result = this.#oracle.step()
      if (result.kind !== 'done') return result
      // whoever runs it looks at breakpoints before it goes on
      this.#hits = this.#oracle.takeDebugHits()
      if (this.#hits !== 0) return { kind: 'events' }
    }
    return { kind: 'budget' }
  }
  takeDebugHits = (): number => {
    const hits = this.#hits | this.#oracle.takeDebugHits()
    this.#hits = 0
    return hits
  }
  deliver = (...event: Parameters<Subject['deliver']>): Fault | undefined => {
    const { state } = this.#oracle
    const flags = state.rflags
    if (isFault(event)) state.rflags = flags | resumeFlag
    const result = this.#oracle.deliver(...event)
    if (result.kind !== 'fault') return undefined
    state.rflags = flags
    return result
  }
}

/** The described instructions, read as WebAssembly. One engine serves one case after another. */
export class EngineSubject implements Subject {
  readonly name = 'engine'
  readonly asked: string[] = []
  readonly #engine: Engine
  readonly #state: ProcessorState
  readonly #faults: 'stop' | 'deliver'
  #before = 0

  /** `faults`: whether it is to deliver by itself what it can. `variant`: how the engine is made. */
  constructor(
    instructions?: ReadonlyMap<string, Instruction>,
    faults: 'stop' | 'deliver' = 'stop',
    variant: EngineVariant = engineVariants[0],
  ) {
    this.#faults = variant.faults ?? faults
    const slots = regions.map(({ address, bytes, readOnly }) => ({ address, bytes, readOnly }))
    this.#engine = engineOf(variant, {
      slots,
      ports: portsOf(() => this.#answering(), this.asked),
      ...(instructions === undefined ? {} : { instructions }),
    })
    this.#state = stateOfEngine(this.#engine)
  }

  #answering(): Answering {
    return {
      retired: () => this.retired(),
      set: (field, value) => this.#engine.set(field, value),
    }
  }

  load(image: Image): void {
    this.asked.length = 0
    const engine = this.#engine
    image.memory.forEach((bytes, index) => {
      engine.writePhysical(regions[index]!.address, bytes)
    })
    setState(this.#state, image)
    engine.flushTranslations()
    engine.takeDebugHits()
    this.#before = engine.retired()
  }

  get = (field: StateField): bigint => this.#state.get(field)
  gpr = (index: number): bigint => this.#state.gpr(index)
  rflags = (): bigint => this.#state.rflags()
  vector = (index: number): bigint => this.#state.vector(index)
  x87 = (physical: number): bigint => this.#state.x87(physical)
  memory = (region: number): Uint8Array =>
    this.#engine.physical(regions[region]!.address)!.subarray(0, regions[region]!.bytes)
  retired = (): number => this.#engine.retired() - this.#before
  poke = (address: number, bytes: Uint8Array): void => void this.#engine.writePhysical(address, bytes)
  run = (budget: number): Stop => this.#engine.run(budget, this.#faults)
  takeDebugHits = (): number => this.#engine.takeDebugHits()
  deliver = (...event: Parameters<Subject['deliver']>): Fault | undefined => {
    const flags = this.#engine.rflags()
    if (isFault(event)) this.#engine.setRflags(flags | resumeFlag)
    const met = this.#engine.deliver(...event)
    if (met !== undefined) this.#engine.setRflags(flags)
    return met
  }
}
