import type { MemoryOp } from '@vmm/wasm-encoder'
import type { StateField } from '@vmm/x86-registers'
import type { Machine, Mode } from '@vmm/x86-semantics'
import { Code, type Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { deadFlags } from '../flag-liveness.ts'
import type { Also } from '../linked-module.ts'
import type { Frame } from '../reading/frame.ts'
import { machineOn } from '../reading/machine.ts'
import type { Translated } from '../reading/memory.ts'
import { closerFunction, closerType } from '../reading/quick-simd.ts'
import type { RuntimeIndices } from '../runtime.ts'
import { at, inReach, reachBytes } from '../state-layout.ts'
import { FlagsInLocals } from './flags.ts'
import { RegionFloats } from './floats.ts'
import type { HotBlock, HotStep, Order } from './graph.ts'
import { KnownVectors } from './known-vectors.ts'
import { RegistersInLocals } from './registers.ts'

const ret = { kind: 'return' } as const
const leave = { kind: 'out', block: 'leave' } as const

/** How a region left: `rip` is where to go on; after `declined` not by a region, for its first instruction needs more. */
const left = { done: 0, declined: 1 } as const

export interface RegionOptions {
  readonly runtime: RuntimeIndices
  readonly memoryBase: number
  readonly threads: boolean
  /** Linear memory, for what decoding left in records. */
  readonly view: DataView
  /** Segments, by number, that are plain memory from 0 to the top now: the region is for that alone. */
  readonly flat: ReadonlySet<number>
  /** Fields that have a value now which no instruction of the region changes: the region is for that alone. */
  readonly steady: ReadonlyMap<StateField, bigint>
  readonly also: Also
}

/** The function of a region: (cpu, tlb) gives how it left. */
export function regionFunction(order: Order, options: RegionOptions): Code {
  return new RegionEmitter(order, options).code
}

/** The instruction that is being emitted. */
interface Now {
  /** Its block's. */
  readonly number: number
  readonly step: HotStep
  /** Instructions of the block from this one on. */
  readonly ahead: number
  /** Branches and loops of it that the place is inside of. */
  depth: number
  restore: (() => void) | undefined
  /** The next one follows. */
  goesOn: boolean
  /** Memory operands whose address is known by now. */
  readonly translated: Map<number, Translated>
}

class RegionEmitter {
  readonly code = new Code(['i32', 'i32'])
  readonly #order: Order
  readonly #options: RegionOptions
  readonly #cpu = this.code.fixedLocal(0)
  readonly #tlb = this.code.fixedLocal(1)
  readonly #mode: Mode
  /** RIP at the region's first byte. */
  readonly #base: Local
  readonly #start: Node
  readonly #rip: Local
  readonly #budget: Local
  readonly #how: Local
  readonly #registers: RegistersInLocals
  readonly #flags: FlagsInLocals
  readonly #known = new KnownVectors()
  readonly #floats: RegionFloats
  readonly #machines = new Map<string, Machine>()
  #now: Now | undefined
  readonly #flatUsed = new Set<number>()
  readonly #steadyUsed = new Set<StateField>()
  /** The lowest and the highest target inside or outside the region that is taken to exist. */
  #nearest = 0
  #farthest = 0

  constructor(order: Order, options: RegionOptions) {
    const code = this.code
    this.#order = order
    this.#options = options
    this.#mode = order.blocks[0]!.steps[0]!.shape.spec.mode
    this.#base = code.permanent('i64')
    this.#start = code.fixedLocal(this.#base.index)
    this.#rip = code.permanent('i64')
    this.#budget = code.permanent('i32')
    this.#how = code.permanent('i32')
    const nested = () => this.#now!.depth > 0
    this.#registers = new RegistersInLocals(code, this.#cpu, { rip: this.#start, known: this.#known, nested })
    this.#flags = new FlagsInLocals(code, this.#cpu, { runtime: options.runtime, nested })
    this.#floats = new RegionFloats({
      code,
      cpu: this.#cpu,
      known: this.#known,
      closer: (operation) => options.also(`closer ${operation}`, closerType, () => closerFunction(operation)),
      decline: () => this.#decline(this.#now!),
    })
    const before = code.later('before')
    code.block(leave.block, () => this.#tree(0))
    this.#putBack()
    before(() => this.#fetch())
  }

  // -- around the region -----------------------------------------------------------------------------------------

  #fetch(): void {
    const code = this.code
    this.#base.set(code.load('i64.load', this.#cpu, at.RIP))
    this.#budget.set(code.load('i32.load', this.#cpu, at.budget))
    const declineIf = (condition: Node) => code.if(condition, () => code.leave(ret, code.i32(left.declined)))
    if (this.#mode.codeSize === 64) declineIf(this.#isNearTheEdge())
    for (const segment of this.#flatUsed) declineIf(this.#isNotFlat(segment))
    for (const field of this.#steadyUsed) declineIf(this.#hasChanged(field))
    this.#registers.fetch()
    this.#floats.fetch()
    if (this.#flags.used) this.#flags.fetch()
  }

  /** Some relative target is in the other half of the addresses. */
  #isNearTheEdge(): Node {
    const code = this.code
    const [lowest, highest] = [this.#nearest, this.#farthest].map((offset) => this.#ripAt(offset))
    const apart = code.op('i64.shr_u', code.op('i64.xor', lowest!, highest!), code.i64(shortestAddress - 1n))
    return code.op('i64.ne', apart, code.i64(0n))
  }

  #isNotFlat(segment: number): Node {
    const code = this.code
    const place = at.reach + segment * reachBytes
    const bytes = code.load('i64.load', this.#cpu, place + inReach.bytes)
    const base = code.load('i64.load', this.#cpu, place + inReach.base)
    const isShort = code.op('i64.ne', bytes, code.i64(flatBytes))
    return code.op('i32.or', isShort, code.op('i64.ne', base, code.i64(0n)))
  }

  /** Control registers are 64 bits. */
  #hasChanged(field: StateField): Node {
    const code = this.code
    return code.op('i64.ne', code.load('i64.load', this.#cpu, at[field]), code.i64(this.#options.steady.get(field)!))
  }

  #putBack(): void {
    const code = this.code
    this.#registers.putBack()
    if (this.#flags.written) this.#flags.putBack()
    code.store('i32.store', this.#cpu, this.#budget.get(), at.budget)
    code.store('i64.store', this.#cpu, this.#rip.get(), at.RIP)
    code.leave(ret, this.#how.get())
  }

  // -- control flow ----------------------------------------------------------------------------------------------

  /** A block and everything that only it leads to. What several ways lead to follows a block that they leave. */
  #tree(number: number): void {
    const { isLoop, merges } = this.#order
    if (isLoop[number]) this.#forget()
    const whole = () => this.#within(number, merges[number]!)
    if (isLoop[number]) this.code.forever(`loop${number}`, whole)
    else whole()
  }

  #within(number: number, merges: readonly number[]): void {
    const last = merges.at(-1)
    if (last === undefined) return this.#block(number)
    this.code.block(`merge${last}`, () => this.#within(number, merges.slice(0, -1)))
    this.#forget()
    this.#tree(last)
  }

  /** Several ways lead here. */
  #forget(): void {
    this.#flags.known = undefined
    this.#known.forget()
  }

  #branch(from: number, offset: number): void {
    const { numberAt, connects, isMerge } = this.#order
    const to = numberAt(offset)
    if (to === undefined || !connects(from, to)) return this.#exit(this.#ripAt(offset))
    if (to <= from) return this.code.leave({ kind: 'again', loop: `loop${to}` })
    if (isMerge[to]) return this.code.leave({ kind: 'out', block: `merge${to}` })
    const { known, dead } = this.#flags
    const vectors = this.#known.carried()
    const { blockRip } = this.#registers
    const now = this.#now
    this.#tree(to)
    Object.assign(this.#flags, { known, dead })
    this.#known.restore(vectors)
    this.#registers.blockRip = blockRip
    this.#now = now
  }

  /** Goes on at an address outside the region. */
  #exit(rip: Node): void {
    this.#rip.set(rip)
    this.code.leave(leave)
  }

  #ripAt(offset: number): Node {
    const code = this.code
    const rip = code.op('i64.add', this.#start, code.i64(BigInt(offset)))
    return this.#mode.codeSize === 64 ? rip : code.op('i64.and', rip, code.i64(0xffff_ffffn))
  }

  /** The distance of an address from the region's first byte, if it is known. */
  #offsetOf(rip: Node): number | undefined {
    const isNarrow = this.#mode.codeSize !== 64 && rip.operation.kind === 'plain' && rip.operation.op === 'i64.and'
    if (isNarrow && !isConstant(rip.args[1]!, 0xffff_ffffn)) return undefined
    const sum = isNarrow ? rip.args[0]! : rip
    if (sum === this.#start) return 0
    if (sum.operation.kind !== 'plain' || sum.operation.op !== 'i64.add' || sum.args[0] !== this.#start)
      return undefined
    const [, distance] = sum.args
    return distance!.operation.kind === 'constant' ? Number(distance!.operation.value) : undefined
  }

  // -- blocks ----------------------------------------------------------------------------------------------------

  #block(number: number): void {
    const { code } = this
    const block = this.#order.blocks[number]!
    code.recycle()
    this.#known.restore(this.#known.carried())
    this.#registers.blockRip = code.op('i64.add', this.#start, code.i64(BigInt(block.offset)))
    this.#pay(block)
    const dead = deadFlags(block.steps.map(({ shape }) => shape))
    let goesOn = true
    for (const [index, step] of block.steps.entries()) {
      this.#flags.dead = dead[index]!
      goesOn = this.#step(number, step, block.steps.length - index)
    }
    if (goesOn) this.#branch(number, block.next!)
  }

  #pay({ steps, offset }: HotBlock): void {
    const code = this.code
    const count = code.i32(steps.length)
    this.#budget.set(code.op('i32.sub', this.#budget.get(), count))
    code.rarely(code.op('i32.lt_s', this.#budget.get(), code.i32(0)), () => {
      this.#budget.set(code.op('i32.add', this.#budget.get(), count))
      this.#exit(this.#ripAt(offset))
    })
  }

  /** Emits an instruction. Gives whether the next one follows. `ahead`: instructions of the block from this one on. */
  #step(number: number, step: HotStep, ahead: number): boolean {
    const now: Now = { number, step, ahead, depth: 0, restore: undefined, goesOn: true, translated: new Map() }
    this.#now = now
    const { instruction, mode, operands } = step.shape.spec
    instruction.execute(this.#machineFor(mode), ...operands)
    return now.goesOn
  }

  /** What instructions of a mode are read by: made once, it follows the one that is being emitted. */
  #machineFor(mode: Mode): Machine {
    const name = `${mode.operandSize} ${mode.addressSize} ${mode.rep} ${mode.lock}`
    let machine = this.#machines.get(name)
    if (machine === undefined) {
      machine = machineOn(this.#frame(mode))
      this.#machines.set(name, machine)
    }
    return machine
  }

  #frame(mode: Mode): Frame {
    const { code } = this
    const now = () => this.#now!
    return {
      code,
      cpu: this.#cpu,
      tlb: this.#tlb,
      record: { index: -1, type: 'i32', get: () => code.i32(now().step.record), set: () => {} },
      field: (op, slot) => this.#field(op, now().step.record + slot),
      bank: this.#registers,
      mode,
      runtime: this.#options.runtime,
      get address() {
        const { address } = now().step.shape.spec
        return address === 'general' ? 'known' : address
      },
      get liveBytes() {
        return now().step.shape.spec.liveBytes
      },
      segmentsStay: true,
      isFlat: (segment) => this.#isFlat(segment),
      memoryBase: this.#options.memoryBase,
      threads: this.#options.threads,
      again: () => this.#decline(now()),
      plainOnly: true,
      flags: this.#flags,
      isNear: (target) => this.#isNear(target),
      steady: (field) => this.#steady(field),
      simd: (values) => this.#floats.call(values),
      flagsDead: false,
      knownFlags: undefined,
      get depth() {
        return now().depth
      },
      set depth(depth) {
        now().depth = depth
      },
      get modified() {
        return now().step.shape.inRegion!.modified
      },
      get translated() {
        return now().translated
      },
      get restore() {
        return now().restore
      },
      set restore(restore) {
        now().restore = restore
      },
      leaveFault: () => this.#decline(now()),
      call: () => never('calls a procedure'),
      jump: (target) => this.#jump(now(), target),
      exit: () => never('stops the processor'),
    }
  }

  /** Leaves before the instruction, of which nothing has happened. */
  #decline({ number, step, ahead, restore }: Now): void {
    const { code } = this
    restore?.()
    this.#budget.set(code.op('i32.add', this.#budget.get(), code.i32(ahead)))
    this.#how.set(code.i32(left.declined))
    this.#exit(this.#ripAt(this.#order.blocks[number]!.offset + step.offset))
  }

  #jump(now: Now, target: Node): void {
    if (now.depth === 0) now.goesOn = false
    const offset = this.#offsetOf(target)
    if (offset !== undefined) return this.#branch(now.number, offset)
    this.#rip.set(target)
    for (const guess of this.#order.blocks[now.number]!.guesses) {
      const isThere = this.code.op('i64.eq', this.#rip.get(), this.#ripAt(guess))
      this.code.if(isThere, () => this.#branch(now.number, guess))
    }
    this.code.leave(leave)
  }

  #isNear(target: Node): boolean {
    const offset = this.#offsetOf(target)
    if (offset === undefined) return false
    this.#nearest = Math.min(this.#nearest, offset)
    this.#farthest = Math.max(this.#farthest, offset)
    return true
  }

  #isFlat(segment: Node): boolean {
    if (segment.operation.kind !== 'constant') return false
    const number = Number(segment.operation.value)
    if (!this.#options.flat.has(number)) return false
    this.#flatUsed.add(number)
    return true
  }

  #steady(field: StateField): bigint | undefined {
    const value = this.#options.steady.get(field)
    if (value !== undefined) this.#steadyUsed.add(field)
    return value
  }

  /** What decoding left at an address of a record. */
  #field(op: MemoryOp, address: number): Node {
    const { code } = this
    const { view } = this.#options
    switch (op) {
      case 'i32.load8_u':
        return code.i32(view.getUint8(address))
      case 'i32.load16_u':
        return code.i32(view.getUint16(address, true))
      case 'i32.load':
        return code.i32(view.getInt32(address, true))
      case 'i64.load32_s':
        return code.i64(BigInt(view.getInt32(address, true)))
      case 'i64.load':
        return code.i64(view.getBigInt64(address, true))
      default:
        throw new Error(`no field of a record is read by ${op}`)
    }
  }
}

/** Linear addresses have 48 bits at least. */
const shortestAddress = 48n

/** As many bytes as a segment has that reaches from 0 to the top of 32-bit addresses. */
export const flatBytes = 1n << 32n

const isConstant = ({ operation }: Node, value: bigint): boolean =>
  operation.kind === 'constant' && BigInt.asUintN(64, operation.value) === value

const never = (what: string): never => {
  throw new Error(`an instruction that ${what} is no part of a region`)
}
