import type { Mode, Sized, Width } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import type { AnyOperand } from '../operand.ts'
import type { Procedure } from '../procedure.ts'
import { survey } from '../surveyor.ts'
import { linesOf } from './lines.ts'
import { machineOn } from './machine.ts'
import { nothing, Scroll } from './script.ts'
import { asBits, fromBits, namedValue } from './value.ts'

type AnyProcedure = Procedure<readonly Sized[], readonly Sized[]>

/** A described function as pseudo-code. */
export interface ScribedProcedure {
  readonly name: string
  /** `name(in, in2:8) → (64, 8)`. */
  readonly heading: string
  readonly lines: readonly string[]
}

/** An instruction as pseudo-code, in the manual's manner: one statement a line, blocks indented by two spaces. */
export interface Scribed {
  readonly lines: readonly string[]
  /** The described functions that it calls, and those that they call, each once and in order of appearance. */
  readonly procedures: readonly ScribedProcedure[]
}

/**
 * Reads a description as the pseudo-code a manual would print, for one shape: operand kinds and widths, and a mode.
 *
 * Operands are DEST, SRC, IMM and TARGET; values that are needed twice get names, with `:width` behind them where it is
 * not the operand's. MEM32[DS:x] is memory in a segment, LIN32[x] by linear address, SYS32[x] the same on behalf of the
 * processor, PHYS64[x] by physical address; SEG is the instruction's own segment. ₛ marks operators on signed numbers,
 * x[7:0] takes bits, `c ? a : b` chooses.
 */
export function scribe(instruction: Instruction, mode: Mode, operands: readonly AnyOperand[]): Scribed {
  const called = new Map<string, AnyProcedure>()
  const setting = {
    mode,
    operands,
    written: survey(instruction, mode, operands).operandsWritten,
    called: (procedure: AnyProcedure) => void called.set(procedure.name, procedure),
  }
  const scroll = new Scroll()
  instruction.execute(machineOn(scroll, setting), ...operands)
  const lines = linesOf(scroll, usualWidth(mode, operands))
  const procedures: ScribedProcedure[] = []
  // a map is walked in the order of insertion, and what is called on the way is appended
  for (const procedure of called.values()) procedures.push(scribedProcedure(procedure, setting))
  return { lines: lines.length === 0 ? ['(* nothing *)'] : lines, procedures }
}

/** Operands may be of widths that no value has: LEA's memory, ten bytes of x87. */
const widths: ReadonlySet<number> = new Set([8, 16, 32, 64, 128, 256])

function usualWidth(mode: Mode, operands: readonly AnyOperand[]): Width {
  const [first] = operands
  return first === undefined || first.kind === 'far' || !widths.has(first.width) ? mode.operandSize : first.width
}

function scribedProcedure(procedure: AnyProcedure, setting: Parameters<typeof machineOn>[1]): ScribedProcedure {
  const scroll = new Scroll()
  const parameters = procedure.parameters.map((width) => namedValue(width, scroll.name('in')))
  const results = procedure.body(machineOn(scroll, setting), ...(parameters.map((each) => asBits(each)) as never[]))
  if (results.length > 0)
    scroll.act({
      values: results.map((each) => fromBits(each)),
      write: (values) => `RETURN ${values.map(({ text }) => text).join(', ')}`,
      changes: nothing,
    })
  const typed = parameters.map(({ stem, width }) => `${stem}:${width}`).join(', ')
  const gives = procedure.results.length === 0 ? '' : ` → ${procedure.results.join(', ')}`
  return {
    name: procedure.name,
    heading: `${procedure.name}(${typed})${gives}`,
    lines: linesOf(scroll, setting.mode.operandSize),
  }
}
