import { defaultGuest } from '@vmm/runner/default-guest'
import {
  createDecoded,
  createRecords,
  type Decoded,
  decode,
  decodeMany,
  format,
  formatMany,
  formatRecord,
  readRecord,
  recordSize,
  recordWords,
} from '@vmm/x86-decoder'
import { beforeAll, describe, expect, test } from 'vitest'
import { payloadOf, textOf, unpackLz4 } from './vmlinux.ts'

const base = 0xffff_ffff_8100_0000n
const records = createRecords(4096)
const [one, other] = [createDecoded(), createDecoded()]
let code = new Uint8Array()

beforeAll(async () => {
  const { kernel } = await defaultGuest((says) => console.log(says))
  code = textOf(unpackLz4(payloadOf(Buffer.from(kernel)))) as Uint8Array<ArrayBuffer>
})

/** Everything that a decoded instruction says. */
function said({ operands, count, ...rest }: Decoded): string {
  const used = operands.slice(0, count).map(({ kind, width, file, index, highByte, low, high, bytes }) => {
    if (kind === 'register') return [file, width, index, highByte]
    return kind === 'memory' ? [width] : [kind, width, low, high, bytes]
  })
  return `${Object.values(rest).join()} ${used.join(' ')}`
}

/** Goes over the kernel's text, so many records at a time. */
function eachBlock(look: (found: number) => void): number {
  let total = 0
  for (let at = 0; at < code.length; ) {
    const found = decodeMany(code, at, code.length, 64, records)
    if (found === 0) break
    look(found)
    const last = (found - 1) * recordSize
    at = records[last + recordWords.offset]! + records[last + recordWords.length]!
    total += found
  }
  return total
}

describe("all of the text of Debian's kernel", () => {
  test('is decoded many at once, by WebAssembly, as it is one by one, by JavaScript', { timeout: 3_600_000 }, () => {
    const total = eachBlock((found) => {
      for (let number = 0; number < found; number += 1) {
        const at = records[number * recordSize + recordWords.offset]!
        const failure = decode(code, at, code.length, 64, one)
        if (readRecord(records, number, other) !== failure) expect({ at, failure: 'another' }).toEqual({ at, failure })
        if (failure === undefined && said(other) !== said(one)) expect({ at, ...other }).toEqual({ at, ...one })
      }
    })
    expect(total).toBeGreaterThan(1_000_000)
  })

  test.for([undefined, base])('is written alike by all formatters, from %s on', { timeout: 3_600_000 }, (from) => {
    eachBlock((found) => {
      const lines = formatMany(records, found, from).split('\n')
      expect(lines).toHaveLength(found + 1)
      for (let number = 0; number < found; number += 1) {
        const at = records[number * recordSize + recordWords.offset]!
        const ripAt = from === undefined ? undefined : from + BigInt(at)
        const failed = readRecord(records, number, one) !== undefined
        const text = failed ? '(bad)' : format(one, ripAt)
        if (lines[number] !== text) expect({ at, text: lines[number] }).toEqual({ at, text })
        if (!failed && formatRecord(records, number, ripAt) !== text)
          expect({ at, text: formatRecord(records, number, ripAt) }).toEqual({ at, text })
      }
    })
  })
})
