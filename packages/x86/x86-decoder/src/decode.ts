import type { OpcodeRow } from '@vmm/x86-opcodes'
import { prepareAddresses } from './addresses.ts'
import { lookAt, type Maps, mapsOf } from './candidates.ts'
import { checkCode, checkOpcode, checkRecord, checkRecords } from './checks.ts'
import { prepareChoices } from './choose.ts'
import * as codeWindow from './code-window.ts'
import { decodeSeveral } from './decode-many.ts'
import { type CodeSize, type Decoded, type DecodedOperand, type DecodeFailure, noRegister } from './decoded.ts'
import { decodeFast, type Fast, type FastMemory, fastMemory, fastOf } from './fast.ts'
import { decodePacked } from './packed.ts'
import { preparePrefixes } from './prefixes.ts'
import { isCut } from './rare.ts'
import { recordFailures, recordSize, recordWords, unpack } from './record.ts'
import { createRecords } from './room.ts'
import { isChosen, type RowChoice } from './row-choice.ts'

// constants of this module are constants in compiled code
const { code } = codeWindow
const longest = 15

/** A record for `decode` to fill, again and again. */
export function createDecoded(): Decoded {
  const operand = (): DecodedOperand => ({
    kind: 'register',
    width: 0,
    file: 'gpr',
    index: 0,
    highByte: false,
    low: 0,
    high: 0,
    bytes: 0,
  })
  return {
    length: 0,
    row: 0,
    mnemonic: '',
    codeSize: 64,
    operandSize: 32,
    addressSize: 64,
    lock: false,
    rep: 'none',
    hint: 'none',
    operands: [operand(), operand(), operand(), operand(), operand()],
    count: 0,
    segment: 3,
    segmentOverride: false,
    noTrack: false,
    base: noRegister,
    index: noRegister,
    scale: 0,
    indexWidth: 0,
    displacement: 0,
    displacementHigh: 0,
    vectorLength: 0,
    mask: 0,
    zeroing: false,
    broadcast: false,
    rounding: 'none',
    noFlags: false,
    condition: 0,
    defaultFlags: 0,
  }
}

/**
 * Decodes the instruction at `offset`, reading no byte from `end` on, into `out`. Gives undefined when it succeeded,
 * else why not; `out` is then in no particular state. Throws a `RangeError` for what is no part of `bytes`, and for a code size that is none.
 */
export type Decode = (
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: CodeSize,
  out: Decoded,
) => DecodeFailure | undefined

/**
 * Decodes the instructions from `offset` on, one behind the other, reading no byte from `end` on, into `records` until they are full. Gives their number. Bytes that
 * are no instruction are a record of their own, one byte long (see `recordWords`); an instruction that `end` cuts off is none, and the last. Throws as `Decode` does.
 */
export type DecodeMany = (
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: CodeSize,
  records: Int32Array,
) => number

/** A decoder of some rows. Bytes of the others are what they are to processors without them: #UD, or a NOP. */
export interface Decoder {
  readonly decode: Decode
  readonly decodeMany: DecodeMany
  /**
   * Whether an opcode of a legacy map is followed by a ModRM byte; undefined where no row has it. Maps count 0 for one byte, 1 for 0F, 2 for
   * 0F 38 and 3 for 0F 3A. Source: SDM 2A §2.1.2.
   */
  readonly takesModrm: (map: 0 | 1 | 2 | 3, opcode: number) => boolean | undefined
}

/** A decoder of the rows that are chosen, or that a function says yes to. It asks of a row when the first opcode comes that may be its. Throws a `RangeError` for a name that nothing has. */
export function createDecoder(choice: RowChoice | ((row: OpcodeRow) => boolean)): Decoder {
  const knows = typeof choice === 'function' ? choice : isChosen(choice)
  let built: Maps | undefined
  let memory: FastMemory | undefined
  let fast: Fast | undefined | 'not yet' = 'not yet'
  const maps = (): Maps => {
    if (built === undefined) {
      prepare()
      memory = fastMemory()
      built = mapsOf(knows, memory.buffer)
    }
    return built
  }
  return {
    decode: (bytes, offset, end, codeSize, out) => decodeOne(built ?? maps(), bytes, offset, end, codeSize, out),
    decodeMany(bytes, offset, end, codeSize, records) {
      checkCode(bytes, offset, end, codeSize)
      checkRecords(records)
      const known = built ?? maps()
      if (fast === 'not yet') fast = fastOf(known, memory!)
      return fast === undefined
        ? decodeSeveral(known, bytes, offset, end, codeSize >> 5, records)
        : decodeFast(fast, bytes, offset, end, codeSize >> 5, records)
    },
    takesModrm(map, opcode) {
      checkOpcode(map, opcode)
      const entry = lookAt(maps(), (map << 8) | opcode)
      return entry === 0 ? undefined : entry >> 28 !== 0
    },
  }
}

const everything = createDecoder({})

/** Decodes one instruction by all rows but those that are optional. */
export const decode: Decode = everything.decode

/** Decodes many instructions by all rows but those that are optional. */
export const decodeMany: DecodeMany = everything.decodeMany

/** Whether an opcode is followed by a ModRM byte, as `Decoder` says. */
export const takesModrm: Decoder['takesModrm'] = everything.takesModrm

/**
 * Fills `out` with the instruction that is record number `number`, or says why there is none there. Records keep what decoding found;
 * a number that no record has is refused by a `RangeError`.
 */
export function readRecord(records: Int32Array, number: number, out: Decoded): DecodeFailure | undefined {
  checkRecord(records, number)
  const row = records[number * recordSize + recordWords.row]!
  if (row < 0) return recordFailures[-1 - row]
  unpack(records, number, out)
  return undefined
}

const one = createRecords(1)
let prepared = false

/** Fills the tables that decoders share, before the first of them decodes: who imports and decodes nothing pays nothing. */
function prepare(): void {
  if (prepared) return
  prepared = true
  prepareChoices()
  preparePrefixes()
  prepareAddresses()
}

function decodeOne(
  maps: Maps,
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: CodeSize,
  out: Decoded,
): DecodeFailure | undefined {
  checkCode(bytes, offset, end, codeSize)
  const limit = Math.min(end - offset, longest)
  for (let at = 0; at < limit; at += 1) code[at] = bytes[offset + at]!
  const next = decodePacked(maps, 0, limit, codeSize >> 5, one, 0)
  if (next < 0) return next !== isCut ? 'invalid' : end - offset < longest ? 'truncated' : 'too-long'
  unpack(one, 0, out)
  return undefined
}
