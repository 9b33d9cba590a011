import type { StateField } from '@vmm/x86-registers'
import type { AnyOperand, HostCall, Instruction, Mode, Procedure, Survey } from '@vmm/x86-semantics'
import { Code } from './emit/code.ts'
import type { Node } from './emit/node.ts'
import { loopOf } from './interpreter/loops.ts'
import type { AddressForm, Frame, KnownFlags } from './reading/frame.ts'
import { machineOn } from './reading/machine.ts'
import { registersInMemory } from './reading/register-bank.ts'
import { typeOf } from './reading/value.ts'
import { exitReasons, type RuntimeIndices, status } from './runtime.ts'
import { at, inBlock, inRecord, type linkInRecord, recordBytes } from './state-layout.ts'

/** One instruction in one shape: what a handler is made from. */
export interface HandlerSpec {
  readonly instruction: Instruction
  readonly mode: Mode
  readonly operands: readonly AnyOperand[]
  readonly address: AddressForm
  readonly flagsDead: boolean
  /** Bytes of the immediate, if it is read where it lies: the record has its address. Else 0. */
  readonly liveBytes: number
  /** What the instruction does in this shape. */
  readonly effects: Survey
}

/** What emitted code needs beside the instruction. */
export interface Surroundings {
  readonly runtime: RuntimeIndices
  readonly memoryBase: number
  /** Whether other processors run at the same time. */
  readonly threads: boolean
  /** The table slot of a described function in a mode; it is compiled before anything runs. */
  procedureSlot(procedure: Procedure<readonly Sized[], readonly Sized[]>, mode: Mode): number
}

type Sized = 8 | 16 | 32 | 64

/** How a handler leaves, whether it is a function or a case of the run loop. */
export interface Leaving {
  /** With the flags that it leaves, if they are certain. */
  next(flags: KnownFlags | undefined): void
  jumped(): void
  /** The way from here, by a jump or not, is the same each time: it may be remembered in the record. */
  along?(way: keyof typeof linkInRecord): void
  /** Goes that way. */
  linked?(): void
  /** To the beginning of the instruction, of which nothing has happened. */
  again(): void
  status(value: number): void
}

/** Fields whose change may change how the following code runs. */
const modeFields: ReadonlySet<StateField> = new Set<StateField>([
  'CR0',
  'CR4',
  'IA32_EFER',
  'CPL',
  'RFLAGS',
  'PKRU',
  ...(['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const).flatMap((name) => [`${name}.access`, `${name}.limit`] as const),
  'CS.base',
  'SS.base',
  'DS.base',
  'ES.base',
  'DR7',
  'IA32_U_CET',
  'IA32_S_CET',
])

export interface Ending {
  /** The instruction is the last of its block. */
  readonly ends: boolean
  readonly changesMode: boolean
  /** It may let something through that was held off. */
  readonly mayRelease: boolean
}

/** How an instruction ends, by what it touches. */
export function endingOf(
  { mnemonic }: Pick<Instruction, 'mnemonic'>,
  effects: Survey,
  { execution }: Pick<Mode, 'execution'>,
): Ending {
  if (plainFlags.has(mnemonic)) return { ends: effects.shadows, changesMode: false, mayRelease: effects.shadows }
  const changesMode =
    effects.replacesFlags ||
    effects.calls ||
    [...effects.fieldsWritten].some((field) => modeFields.has(field)) ||
    (execution !== 'long' && writesBase(effects)) ||
    effects.hostCalls.has('writeMsr') ||
    effects.hostCalls.has('writeXcr')
  const mayRelease = changesMode || [...effects.hostCalls].some((call) => !pureCalls.has(call))
  const ends = effects.jumps || effects.exits || effects.shadows || mayRelease
  return { ends, changesMode, mayRelease }
}

/** Bases that 64-bit code alone takes from where they are. */
const writesBase = ({ fieldsWritten }: Survey): boolean => fieldsWritten.has('FS.base') || fieldsWritten.has('GS.base')

/** Calls after which, where an instruction goes on, nothing outside it has changed. */
export const pureCalls: ReadonlySet<HostCall> = new Set<HostCall>(['simd', 'fused', 'x87', 'numericError'])

/** Instructions that change only DF or IF: no code runs differently for that. */
const plainFlags: ReadonlySet<string> = new Set(['CLD', 'STD', 'CLI', 'STI'])

/** Positions of memory operands that are read and written. */
export function modifiedPositions(spec: Pick<HandlerSpec, 'operands'>, effects: Survey): ReadonlySet<number> {
  return new Set(
    spec.operands
      .filter(
        (operand) =>
          operand.kind === 'memory' &&
          effects.operandsRead.has(operand.position) &&
          effects.operandsWritten.has(operand.position),
      )
      .map(({ position }) => position),
  )
}

interface Place {
  readonly code: Code
  readonly cpu: Node
  readonly record: ReturnType<Code['local']>
  readonly tlb: Node
}

/** Floats are the host's, where they are not quick. */
const asksForFloats = { simd: () => undefined, fused: () => undefined } as const

/** Emits one instruction at a place where the flags may be known. */
export function emitHandler(
  spec: HandlerSpec,
  place: Place,
  around: Surroundings,
  leaving: Leaving,
  known?: KnownFlags,
): void {
  const { effects } = spec
  const ending = endingOf(spec.instruction, effects, spec.mode)
  const { ends } = ending
  const segmentsStay = !ending.changesMode
  const segments = { segmentsStay, segmentsChanged: false }
  const frame = frameOf({ ...spec, ...segments }, place, around, leaving, modifiedPositions(spec, effects))
  frame.knownFlags = known
  const along = isSteady(spec, ending) ? leaving.along : undefined
  along?.('next')
  if (along !== undefined) {
    const { jump } = frame
    frame.jump = (target) => {
      along('jump')
      jump(target)
    }
  }
  if (ends) storeNext(place, spec.mode)
  if (effects.exits) place.code.store('i32.store', place.cpu, place.code.i32(0), at.exitReason)
  spec.instruction.execute(machineOn(frame), ...spec.operands)
  if (along !== undefined) leaving.linked!()
  else if (ends) finish(place, around, leaving, effects, ending)
  else leaving.next(frame.knownFlags)
}

/** Jumps to the same place each time, or goes on, and nothing else comes of it that a run loop must see to. */
function isSteady({ operands }: HandlerSpec, { ends, changesMode, mayRelease }: Ending): boolean {
  return ends && !changesMode && !mayRelease && operands.length === 1 && operands[0]!.kind === 'relative'
}

/** An instruction that ends its block goes on behind it unless it jumps. */
function storeNext({ code, cpu, record }: Place, mode: Mode): void {
  const distance = code.op('i64.extend_i32_u', code.loadConstant('i32.load16_u', record.get(), inRecord.next))
  const rip = code.op('i64.add', code.load('i64.load', cpu, at.blockRip), distance)
  const mask = mode.codeSize === 64 ? -1n : 0xffff_ffffn
  code.store('i64.store', cpu, code.op('i64.and', rip, code.i64(mask)), at.RIP)
}

function finish({ code, cpu }: Place, around: Surroundings, leaving: Leaving, effects: Survey, ending: Ending): void {
  if (effects.fieldsWritten.has('RIP')) code.store('i32.store', cpu, code.i32(0), at.moved)
  if (ending.changesMode) code.call(around.runtime.modeChanged, [cpu], [])
  if (effects.exits) code.if(code.load('i32.load', cpu, at.exitReason), () => leaving.status(status.exit))
  if (ending.mayRelease) code.if(code.load('i32.load', cpu, at.eventPending), () => leaving.status(status.events))
  if (ending.changesMode) {
    const elsewhere = code.op('i32.ne', loopOf(code, cpu), code.load('i32.load', cpu, at.loop))
    code.if(elsewhere, () => leaving.status(status.switched))
  }
  leaving.jumped()
}

/** Of the budget, and of the block that was paid for. */
function leftOf({ code, cpu, record }: Place): Node {
  const count = code.load('i32.load', code.load('i32.load', cpu, at.block), inBlock.count)
  const ahead = code.op('i32.sub', count, code.loadConstant('i32.load8_u', record.get(), inRecord.index))
  return code.op('i32.add', code.load('i32.load', cpu, at.budget), ahead)
}

type FrameSpec = Pick<HandlerSpec, 'mode' | 'address' | 'flagsDead' | 'liveBytes'> &
  Partial<Pick<HandlerSpec, 'instruction'>> &
  Pick<Frame, 'segmentsStay' | 'segmentsChanged'>

function frameOf(
  spec: FrameSpec,
  place: Place,
  around: Surroundings,
  leaving: Leaving,
  modified: ReadonlySet<number>,
): Frame {
  const { code, cpu, record, tlb } = place
  const frame: Frame = {
    ...place,
    field: (op, slot) => code.loadConstant(op, record.get(), slot),
    bank: registersInMemory(code, cpu),
    mode: spec.mode,
    runtime: around.runtime,
    address: spec.address,
    liveBytes: spec.liveBytes,
    segmentsStay: spec.segmentsStay,
    segmentsChanged: spec.segmentsChanged,
    isFlat: () => false,
    memoryBase: around.memoryBase,
    threads: around.threads,
    again: () => leaving.again(),
    plainOnly: false,
    flags: undefined,
    isNear: () => false,
    steady: () => undefined,
    fields: undefined,
    ...asksForFloats,
    ...{ flagsDead: spec.flagsDead, keeps: spec.instruction?.keeps },
    knownFlags: undefined,
    depth: 0,
    modified,
    translated: new Map(),
    restore: undefined,
    left: () => leftOf(place),
    leaveFault: () => {
      frame.restore?.()
      code.store('i32.store', cpu, record.get(), at.record)
      leaving.status(status.fault)
    },
    jump: (target) => code.store('i64.store', cpu, target, at.RIP),
    exit: (reason) => {
      const isPause = exitReasons[reason] === 'pause'
      code.store(
        'i32.store',
        cpu,
        isPause ? code.load('i32.load', cpu, at.pauseReason) : code.i32(reason),
        at.exitReason,
      )
    },
    call: (procedure, values) => {
      const slot = code.i32(around.procedureSlot(procedure, spec.mode))
      const type = procedureType(procedure)
      const [failed, ...results] = code.callTable(type, slot, [cpu, record.get(), tlb, ...values])
      code.if(failed!, () => frame.leaveFault())
      return results
    },
  }
  return frame
}

/** A described function: (cpu, record, tlb, …parameters) gives 1 after a fault, and its results. */
export function procedureType(procedure: Procedure<readonly Sized[], readonly Sized[]>) {
  const types = (widths: readonly Sized[]) => widths.map((width) => typeOf(width))
  return {
    parameters: ['i32', 'i32', 'i32', ...types(procedure.parameters)] as const,
    results: ['i32', ...types(procedure.results)] as const,
  }
}

/** The code of a described function in one mode. */
export function emitProcedure(
  procedure: Procedure<readonly Sized[], readonly Sized[]>,
  mode: Mode,
  around: Surroundings,
): Code {
  const type = procedureType(procedure)
  const code = new Code(type.parameters)
  const place: Place = { code, cpu: code.fixedLocal(0), record: code.variable(1), tlb: code.fixedLocal(2) }
  const ret = { kind: 'return' } as const
  const zeros = () => type.results.slice(1).map((result) => (result === 'i64' ? code.i64(0n) : code.i32(0)))
  const leaving: Leaving = {
    next: () => {},
    jumped: () => {},
    again: () => {},
    status: () => code.leave(ret, code.i32(1), ...zeros()),
  }
  const frame = frameOf(
    // whoever calls it may have changed them
    { mode, address: 'flat', segmentsStay: false, segmentsChanged: true, flagsDead: false, liveBytes: 0 },
    place,
    around,
    leaving,
    new Set(),
  )
  const parameters = procedure.parameters.map((width, index) => ({ node: code.fixedLocal(3 + index), width }))
  const results = procedure.body(machineOn(frame), ...(parameters as never[])) as unknown as readonly { node: Node }[]
  code.leave(ret, code.i32(0), ...results.map(({ node }) => node))
  return code
}

/** A handler as a function of its own. */
export function handlerFunction(spec: HandlerSpec, around: Surroundings): Code {
  const code = new Code(['i32', 'i32', 'i32'])
  const record = code.variable(1)
  const ret = { kind: 'return' } as const
  emitHandler(spec, { code, cpu: code.fixedLocal(0), record, tlb: code.fixedLocal(2) }, around, {
    next: () => code.leave(ret, code.op('i32.add', record.get(), code.i32(recordBytes))),
    jumped: () => code.leave(ret, code.i32(status.jumped)),
    again: () => code.leave(ret, record.get()),
    status: (value) => code.leave(ret, code.i32(value)),
  })
  return code
}
