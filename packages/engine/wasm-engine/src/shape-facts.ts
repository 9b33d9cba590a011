import type { Decoded } from '@vmm/x86-decoder'
import { type ArithmeticFlag, arithmeticFlags } from '@vmm/x86-registers'
import { type HostCall, type Instruction, type Survey, survey } from '@vmm/x86-semantics'
import { endingOf, type HandlerSpec, modifiedPositions, pureCalls } from './handler.ts'
import { modeOfWord } from './mode-word.ts'
import type { AddressForm } from './reading/frame.ts'
import { callsOfL2 } from './reading/host-calls.ts'
import { ShapeMap } from './shape-map.ts'
import { instructionMode, operandsOf } from './shapes.ts'

/** What follows from a description for one shape of its instruction, in whichever machine. */
export interface ShapeFacts {
  readonly name: string
  readonly spec: HandlerSpec
  readonly ends: boolean
  readonly mayFault: boolean
  /** It may be an instruction of the x87, which has no immediate. */
  readonly isOfX87: boolean
  readonly flagsRead: number
  /** They are read for those alone that are written. */
  readonly flagsKept: boolean
  /** Written for certain, and written perhaps. */
  readonly flagsWritten: number
  readonly flagsPerhaps: number
  /** What a region needs to know of it, or undefined where it is no part of any. */
  readonly inRegion: InRegion | undefined
}

/** How an instruction behaves in a region. */
export interface InRegion {
  readonly jumps: boolean
  /** It never goes on behind itself. */
  readonly jumpsAlways: boolean
  readonly stores: boolean
  /** Positions of memory operands that are read and written. */
  readonly modified: ReadonlySet<number>
}

/** Which shape: `variant` and `key` are what it is found by beside its row. */
export interface ShapeOf {
  readonly instruction: Instruction
  readonly form: AddressForm
  readonly word: number
  readonly lock: boolean
  readonly variant: number
  readonly key: number
  readonly liveBytes: number
}

/** So many are known to the whole process: reading a description takes longer than all else that a machine does for a shape. */
const knownAtMost = 4096

let known = new ShapeMap<ShapeFacts>()
let count = 0

/** The facts of a shape. All machines of a process share them, as long as they have the same description. */
export function factsOf(decoded: Decoded, shape: ShapeOf): ShapeFacts {
  const { variant, key } = shape
  const found = known.get(decoded.row, variant, key)
  if (found?.spec.instruction === shape.instruction) return found
  const facts = surveyed(decoded, shape)
  if (count === knownAtMost) {
    known = new ShapeMap()
    count = 0
  }
  known.set(decoded.row, variant, key, facts)
  count += 1
  return facts
}

function surveyed(decoded: Decoded, { instruction, form, word, lock, variant, key, liveBytes }: ShapeOf): ShapeFacts {
  const mode = instructionMode(decoded, modeOfWord(word), lock)
  const operands = operandsOf(decoded, instruction)
  const effects = survey(instruction, mode, operands)
  const spec: HandlerSpec = { instruction, mode, operands, address: form, flagsDead: false, liveBytes, effects }
  return {
    name: `handler ${decoded.row} ${variant} ${key}`,
    spec,
    ends: endingOf(instruction, effects, spec.mode).ends,
    mayFault: effects.mayFault,
    // of all instructions in F, only FXSAVE and its like are none; they take no immediate either
    isOfX87: instruction.mnemonic.startsWith('F'),
    flagsRead: flagMask(effects.flagsRead),
    flagsKept: instruction.keeps !== undefined,
    flagsWritten: flagMask(effects.flagsWritten),
    flagsPerhaps: flagMask(effects.flagsPerhaps),
    inRegion: inRegionOf(spec),
  }
}

/**
 * Regions leave alone what changes how code runs, what asks more than arithmetic of its surroundings and what is known of their answers,
 * what works in bulk, and what looks at accesses ahead, but for the x87: it goes on to change things before accesses at which a region
 * may have to leave.
 */
function inRegionOf(spec: HandlerSpec): InRegion | undefined {
  const { effects } = spec
  const { changesMode } = endingOf(spec.instruction, effects, spec.mode)
  const asks = [...effects.hostCalls].some(
    (call) => !pureCalls.has(call) && !callsOfL2.has(call) && !isKnown(call, spec),
  )
  const isOdd =
    effects.calls || effects.exits || effects.shadows || effects.replacesFlags || effects.bulk || looksFarAhead(effects)
  // arithmetic only adds to its flags: what regions know of MXCSR stays true
  const computes = effects.hostCalls.has('simd') || effects.hostCalls.has('fused')
  const controls = effects.fieldsWritten.has('MXCSR') && !computes
  if (changesMode || asks || isOdd || controls || effects.fieldsWritten.has('RIP')) return undefined
  const { jumps, jumpsAlways, stores } = effects
  return { jumps, jumpsAlways, stores, modified: modifiedPositions(spec, effects) }
}

/** The longest operand of the x87 that is one number. */
const longestNumber = 10

/** The x87 makes sure of its one operand, notes where it was, and then accesses nothing else. */
const looksFarAhead = ({ checks, checkedBytes, fieldsWritten }: Survey): boolean =>
  checks && !(checkedBytes <= longestNumber && fieldsWritten.has('FIP'))

/** Calls that regions do without where the answer is known: CPUID, the time-stamp counter, and the write of a byte to a port, or its read. */
function isKnown(call: HostCall, { operands: [first, second] }: HandlerSpec): boolean {
  const isByte = (operand: HandlerSpec['operands'][number] | undefined) =>
    operand !== undefined && 'width' in operand && operand.width === 8
  return (
    call === 'cpuid' ||
    call === 'timeStamp' ||
    (call === 'portOut' && isByte(second)) ||
    (call === 'portIn' && isByte(first))
  )
}

const flagMask = (flags: ReadonlySet<ArithmeticFlag>): number =>
  [...flags].reduce((mask, flag) => mask | (1 << arithmeticFlags.indexOf(flag)), 0)
