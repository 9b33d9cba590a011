import { type OpcodeRow, type OperandCode, rows } from '@vmm/x86-opcodes'

/** Which mandatory prefix a row asks for: none asked, none allowed, or one of three. */
export type Mandatory = 'any' | 'NP' | '66' | 'F2' | 'F3'

/** A row in the form that decoding asks its questions in. */
export interface Candidate {
  readonly row: number
  readonly mnemonic: string
  readonly operands: readonly OperandCode[]
  readonly mandatory: Mandatory
  readonly vex: boolean
  readonly modrm: boolean
  /** The reg field, or -1 where any will do. */
  readonly digit: number
  readonly form: 'any' | 'memory' | 'register'
  /** The whole ModRM byte, or -1. */
  readonly exact: number
  readonly only64: boolean
  readonly not64: boolean
  readonly default64: boolean
  readonly force64: boolean
  readonly lock: boolean
  readonly rep: 'none' | 'rep' | 'repz'
}

/** The maps by number: one-byte, 0F, 0F 38, 0F 3A. Each has a list of candidates a byte, the most particular first. */
export type Maps = readonly (readonly (readonly Candidate[])[])[]

const opcodePattern = /^(VEX )?(NP |66 |F2 |F3 )?(0F 38 |0F 3A |0F )?([0-9A-F]{2})(\+r)?(?: (?:([RM])?\/(r|[0-7])|([0-9A-F]{2})))?(?: (?:ib|iw|iz|iv|cb|cz|cp))*$/

interface Place {
  readonly map: number
  readonly byte: number
  readonly registers: boolean
  readonly candidate: Candidate
}

function placeOf(row: OpcodeRow, number: number): Place {
  const match = opcodePattern.exec(row.opcode)
  if (match === null) throw new Error(`not an opcode of the manual's form: ${row.opcode}`)
  const [, vex, prefix, map, byte, plus, form, digit, exact] = match
  const has = (attribute: OpcodeRow['attributes'][number]) => row.attributes.includes(attribute)
  const isPrefixByte = map === undefined && vex === undefined && prefix !== undefined && byte !== '90'
  if (isPrefixByte) throw new Error(`a mandatory prefix without a map: ${row.opcode}`)
  return {
    map: ['', '0F ', '0F 38 ', '0F 3A '].indexOf(map ?? ''),
    byte: Number.parseInt(byte!, 16),
    registers: plus !== undefined,
    candidate: {
      row: number,
      mnemonic: row.mnemonic,
      operands: row.operands,
      mandatory: (prefix?.trim() ?? 'any') as Mandatory,
      vex: vex !== undefined,
      modrm: digit !== undefined || exact !== undefined,
      digit: digit === undefined || digit === 'r' ? -1 : Number(digit),
      form: form === 'M' || row.operands.some((code) => memoryOnly.test(code)) ? 'memory' : form === 'R' || row.operands.some((code) => registerOnly.test(code)) ? 'register' : 'any',
      exact: exact === undefined ? -1 : Number.parseInt(exact, 16),
      only64: has('only64'),
      not64: has('not64'),
      default64: has('default64'),
      force64: has('force64'),
      lock: has('lock'),
      rep: has('rep') ? 'rep' : has('repz') ? 'repz' : 'none',
    },
  }
}

/** Operand codes whose ModRM must name memory, and those whose must name a register. */
const memoryOnly = /^M/
const registerOnly = /^(?:R[vdqy]|N|U)(?:[a-z]*)$/

/** More particular rows first: an exact ModRM, a mandatory prefix, a digit. */
const particularity = ({ exact, mandatory, digit, form }: Candidate): number =>
  (exact >= 0 ? 8 : 0) + (mandatory === 'any' ? 0 : 4) + (digit >= 0 ? 2 : 0) + (form === 'any' ? 0 : 1)

let built: Maps | undefined

/** The maps, made from the rows when first asked for. */
export function maps(): Maps {
  built ??= build()
  return built
}

function build(): Maps {
  const lists: Candidate[][][] = Array.from({ length: 4 }, () => Array.from({ length: 256 }, () => []))
  rows.forEach((row, number) => {
    const { map, byte, registers, candidate } = placeOf(row, number)
    for (let at = byte; at < byte + (registers ? 8 : 1); at += 1) lists[map]![at]!.push(candidate)
  })
  for (const map of lists) for (const list of map) list.sort((a, b) => particularity(b) - particularity(a))
  return lists
}
