import type { Machine, Mode } from '@vmm/x86-semantics'
import { Code, type Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { deadFlags } from '../flag-liveness.ts'
import { isOfJump, jumpEntryOf } from '../jump-cache.ts'
import type { Also } from '../linked-module.ts'
import type { Frame } from '../reading/frame.ts'
import { machineOn } from '../reading/machine.ts'
import { fusedFunction, fusedType } from '../reading/quick-fused.ts'
import { closerFunction, closerType } from '../reading/quick-simd.ts'
import type { RuntimeIndices } from '../runtime.ts'
import { at, inBlock, inJumpEntry } from '../state-layout.ts'
import { Addresses } from './addresses.ts'
import { FieldsInLocals } from './fields.ts'
import { FlagsInLocals } from './flags.ts'
import { RegionFloats } from './floats.ts'
import type { HotBlock, HotStep, Order } from './graph.ts'
import { KnownVectors } from './known-vectors.ts'
import type { Now } from './now.ts'
import { PagesSeen } from './pages.ts'
import type { Payment } from './payments.ts'
import { Premises } from './premises.ts'
import { recordField } from './record-field.ts'
import type { RegionParts } from './region-description.ts'
import { holeOfSlot } from './region-holes.ts'
import { RegistersInLocals } from './registers.ts'
import { countRuns } from './runs.ts'
import { left, takenApart, type WayOut, wayOutWord } from './way-out.ts'

const ret = { kind: 'return' } as const
const leave = { kind: 'out', block: 'leave' } as const
const fromItsBeginning = { kind: 'again', loop: 'locked' } as const

export interface RegionOptions extends RegionParts {
  readonly runtime: RuntimeIndices
  readonly also: Also
}

/** The function of a region: (cpu, tlb, block that it is entered at) gives how it left. */
export function regionFunction(options: RegionOptions): Code {
  return new RegionEmitter(options).code
}

class RegionEmitter {
  readonly code = new Code(['i32', 'i32', 'i32'])
  readonly #order: Order
  readonly #options: RegionOptions
  readonly #cpu = this.code.fixedLocal(0)
  readonly #tlb = this.code.fixedLocal(1)
  readonly #entered = this.code.fixedLocal(2)
  readonly #mode: Mode
  readonly #addresses: Addresses
  readonly #rip: Local
  readonly #budget: Local
  readonly #how: Local
  /** Which of the choices is entered next. */
  readonly #choice: Local
  readonly #registers: RegistersInLocals
  readonly #flags: FlagsInLocals
  readonly #known = new KnownVectors()
  readonly #floats: RegionFloats
  readonly #fields: FieldsInLocals
  readonly #machines = new Map<string, Machine>()
  #now: Now | undefined
  readonly #premises: Premises
  readonly #payments: readonly Payment[]
  readonly #pages: PagesSeen

  constructor(options: RegionOptions) {
    const { code } = this
    const { order, payments } = options
    this.#order = order
    this.#options = options
    this.#mode = order.blocks.find((block) => block !== undefined)!.steps[0]!.shape.spec.mode
    this.#premises = new Premises(code, this.#cpu, options)
    this.#payments = payments
    this.#pages = new PagesSeen(code, order)
    this.#rip = code.permanent('i64')
    this.#budget = code.permanent('i32')
    this.#how = code.permanent('i32')
    this.#choice = code.permanent('i32')
    this.#addresses = new Addresses(code, this.#mode.codeSize)
    const nested = () => this.#now!.depth > 0
    this.#registers = new RegistersInLocals(code, this.#cpu, { rip: this.#addresses.start, known: this.#known, nested })
    this.#flags = new FlagsInLocals(code, this.#cpu, { runtime: options.runtime, nested })
    this.#floats = new RegionFloats({
      code,
      cpu: this.#cpu,
      known: this.#known,
      closer: (operation) => options.also(`closer ${operation}`, closerType, () => closerFunction(operation)),
      fused: (operation) => options.also(`fused ${operation}`, fusedType, () => fusedFunction(operation)),
      decline: () => this.#decline(this.#now!),
    })
    this.#fields = new FieldsInLocals(code, this.#cpu)
    const before = code.later('before')
    code.block(leave.block, () => this.#tree(0))
    this.#putBack()
    before(() => this.#fetch())
  }

  // -- around the region -----------------------------------------------------------------------------------------

  #fetch(): void {
    const code = this.code
    const distance = code.load('i64.load32_s', this.#entered, inBlock.distance)
    this.#addresses.begin(code.op('i64.sub', code.load('i64.load', this.#cpu, at.RIP), distance))
    if (this.#order.choices.length > 0) this.#choice.set(code.load('i32.load', this.#entered, inBlock.entry))
    this.#budget.set(code.load('i32.load', this.#cpu, at.budget))
    const decline = () => code.leave(ret, code.i32(left.declined))
    const declineIf = (condition: Node) => code.if(condition, decline)
    if (this.#mode.codeSize === 64) declineIf(this.#addresses.areNearTheEdge())
    for (const broken of this.#premises.broken()) declineIf(broken)
    countRuns(code, this.#entered, this.#options.runsAtMost, decline)
    this.#registers.fetch()
    this.#floats.fetch()
    this.#fields.fetch()
    if (this.#flags.used) this.#flags.fetch()
  }

  #putBack(): void {
    const code = this.code
    const { how, isKnown, unretired, offset } = takenApart(code, this.#how.get)
    code.if(isKnown, () => {
      this.#budget.set(code.op('i32.add', this.#budget.get(), unretired))
      this.#rip.set(this.#addresses.ripFrom(offset))
    })
    this.#registers.putBack()
    this.#fields.putBack()
    if (this.#flags.written) this.#flags.putBack()
    code.store('i32.store', this.#cpu, this.#budget.get(), at.budget)
    code.store('i64.store', this.#cpu, this.#rip.get(), at.RIP)
    code.leave(ret, how())
  }

  /** Leaves for a place in or outside the region, of which it is known how far from the first byte it is. */
  #out(way: WayOut): void {
    const { code } = this
    const word = wayOutWord(way)
    if (word === undefined) this.#payBack(way.unretired)
    this.#how.set(code.i32(word ?? way.how))
    if (word === undefined) this.#exit(this.#addresses.ripAt(way.offset))
    else code.leave(leave)
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
    if (last === undefined) return this.#order.blocks[number] === undefined ? this.#choose() : this.#block(number)
    this.code.block(`merge${last}`, () => this.#within(number, merges.slice(0, -1)))
    this.#forget()
    this.#tree(last)
  }

  /** Several ways lead here. */
  #forget(): void {
    this.#flags.known = undefined
    this.#known.forget()
  }

  /** Enters the block that the choice is for. */
  #choose(): void {
    const cases = this.#order.choices.map((node) => () => {
      this.#pages.enter(node)
      this.#forward(node)
    })
    this.code.switch(this.#choice.get(), cases.slice(0, -1), cases.at(-1)!)
  }

  #branch(from: number, offset: number): void {
    const to = this.#order.numberAt(offset)
    const { follower, ahead } = this.#payments[from]!
    if (to !== undefined && to === follower) return this.#forward(to)
    if (to === undefined) return this.#out({ how: left.done, offset, unretired: ahead })
    this.#payBack(ahead)
    this.#pages.lookOnce(from, to, () => {
      this.#rip.set(this.#addresses.ripAt(offset))
      this.code.if(this.code.op('i32.eqz', this.#leadsTo(to)), () => this.code.leave(leave))
    })
    this.#enter(from, to)
  }

  /** Whether RIP is where a block is that was there when the region was made: other pages may have been mapped since. */
  #leadsTo(number: number): Node {
    const { code } = this
    const rip = this.#rip.get()
    const entry = jumpEntryOf(code, this.#cpu, rip)
    const isIt = code.op('i32.eq', code.load('i32.load', entry, inJumpEntry.block), code.hole(number))
    return code.op('i32.and', isIt, isOfJump(code, this.#cpu, { entry, rip }))
  }

  /** Goes to a block of the region: onwards, back to the head of a loop, or by the choice. */
  #enter(from: number, to: number): void {
    const { choices, isDominated } = this.#order
    if (to > from) return this.#forward(to)
    if (isDominated(from, to)) return this.code.leave({ kind: 'again', loop: `loop${to}` })
    this.#choice.set(this.code.i32(choices.indexOf(to)))
    this.code.leave({ kind: 'again', loop: 'loop0' })
  }

  #forward(to: number): void {
    if (this.#order.isMerge[to]) return this.code.leave({ kind: 'out', block: `merge${to}` })
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

  // -- blocks ----------------------------------------------------------------------------------------------------

  #block(number: number): void {
    const { code } = this
    const block = this.#order.blocks[number]!
    this.#known.restore(this.#known.carried())
    this.#registers.blockRip = code.op('i64.add', this.#addresses.start, code.i64(BigInt(block.offset)))
    this.#pay(number, block)
    const dead = deadFlags(block.steps.map(({ shape }) => shape))
    let goesOn = true
    for (const [index, step] of block.steps.entries()) {
      this.#flags.dead = dead[index]!
      this.#flags.keeps = step.shape.spec.instruction.keeps
      goesOn = this.#step(number, step, block.steps.length - index)
    }
    if (goesOn) this.#branch(number, block.next!)
  }

  #pay(number: number, { offset }: HotBlock): void {
    const { code } = this
    const { now } = this.#payments[number]!
    if (now === 0) return
    this.#budget.set(code.op('i32.sub', this.#budget.get(), code.i32(now)))
    code.rarely(code.op('i32.lt_s', this.#budget.get(), code.i32(0)), () =>
      this.#out({ how: left.done, offset, unretired: now }),
    )
  }

  #payBack(instructions: number): void {
    const { code } = this
    if (instructions > 0) this.#budget.set(code.op('i32.add', this.#budget.get(), code.i32(instructions)))
  }

  /** Emits an instruction. Gives whether the next one follows. `ahead`: instructions of the block from this one on. */
  #step(number: number, step: HotStep, ahead: number): boolean {
    const now: Now = { number, step, ahead, depth: 0, restore: undefined, goesOn: true, translated: new Map() }
    this.#now = now
    const { instruction, mode, operands } = step.shape.spec
    const execute = () => instruction.execute(this.#machineFor(mode), ...operands)
    if (mode.lock) this.code.forever(fromItsBeginning.loop, execute)
    else execute()
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
      ...this.#options,
      code,
      cpu: this.#cpu,
      tlb: this.#tlb,
      record: { index: -1, type: 'i32', get: () => this.#recordOf(now()), set: () => {} },
      field: (op, slot) => recordField(code, this.#options.view, op, now().step.record + slot),
      bank: this.#registers,
      mode,
      get address() {
        const { address } = now().step.shape.spec
        return address === 'general' ? 'known' : address
      },
      get liveBytes() {
        return now().step.shape.spec.liveBytes
      },
      segmentsStay: true,
      segmentsChanged: false,
      isFlat: (segment) => this.#premises.isFlat(segment),
      again: () => code.leave(fromItsBeginning),
      plainOnly: true,
      flags: this.#flags,
      isNear: (target) => this.#addresses.isNear(target),
      steady: (field) => this.#premises.steady(field),
      fields: this.#fields,
      simd: (values) => this.#floats.call(values),
      fused: (values) => this.#floats.fused(values),
      flagsDead: false,
      keeps: undefined,
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
      left: () => code.op('i32.add', this.#budget.get(), code.i32(this.#unretired(now()))),
      leaveFault: () => this.#decline(now()),
      call: () => never('calls a procedure'),
      jump: (target) => this.#jump(now(), target),
      exit: () => never('stops the processor'),
    }
  }

  /** Where the record of the instruction lies. */
  #recordOf({ number, step }: Now): Node {
    const { code } = this
    return code.op('i32.add', code.hole(number), code.i32(step.record - this.#order.blocks[number]!.address))
  }

  /** Instructions that are paid for, from one on. */
  #unretired({ number, ahead }: Now): number {
    return ahead + this.#payments[number]!.ahead
  }

  /** Leaves before the instruction, of which nothing has happened. */
  #decline(now: Now): void {
    const { number, step, restore } = now
    restore?.()
    const offset = this.#order.blocks[number]!.offset + step.offset
    this.#out({ how: left.declined, offset, unretired: this.#unretired(now) })
  }

  #jump(now: Now, target: Node): void {
    if (now.depth === 0) now.goesOn = false
    const offset = this.#addresses.offsetOf(target)
    if (offset !== undefined) return this.#branch(now.number, offset)
    this.#rip.set(target)
    for (const guess of this.#order.blocks[now.number]!.guesses) {
      const isThere = this.code.op('i64.eq', this.#rip.get(), this.#addresses.ripAt(guess))
      this.code.if(isThere, () => this.#branch(now.number, guess))
    }
    if (this.#order.choices.length > 0) this.#chooseAgain()
    this.code.leave(leave)
  }

  /** Where RIP is a block that the region is entered at, and as far from its first byte as when it was made, it is entered there. */
  #chooseAgain(): void {
    const { code } = this
    const rip = this.#rip.get()
    const entry = jumpEntryOf(code, this.#cpu, rip)
    code.if(isOfJump(code, this.#cpu, { entry, rip }), () => {
      const block = code.hold(code.load('i32.load', entry, inJumpEntry.block))
      const isOfRegion = code.op(
        'i32.eq',
        code.load('i32.load', block, inBlock.region),
        code.hole(holeOfSlot(this.#order)),
      )
      const distance = code.load('i64.load32_s', block, inBlock.distance)
      const isThere = code.op('i64.eq', code.op('i64.sub', this.#rip.get(), distance), this.#addresses.start)
      code.if(code.op('i32.and', isOfRegion, isThere), () => {
        this.#choice.set(code.load('i32.load', block, inBlock.entry))
        code.leave({ kind: 'again', loop: 'loop0' })
      })
    })
  }
}

const never = (what: string): never => {
  throw new Error(`an instruction that ${what} is no part of a region`)
}
