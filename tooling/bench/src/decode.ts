import { readFileSync } from 'node:fs'
import { defaultGuest } from '@vmm/runner/default-guest'
import { packedDecoder } from './decode/packed.ts'
import * as peers from './decode/peers.ts'
import { payloadOf, textOf, unpackLz4 } from './decode/vmlinux.ts'
import { keep, rounded } from './results.ts'
import { median } from './timed.ts'

const rounds = 9
/** What the peers take turns with: so much of the text at a time. */
const pieceBytes = 1 << 20

/** One line of the report: what was measured, and the bound that was asked for. */
interface Line {
  readonly name: string
  readonly measured: number
  readonly unit: string
  readonly 'at least'?: number
  readonly 'at most'?: number
  readonly met?: boolean
}

const line = (name: string, measured: number, unit: string): Line => ({ name, measured: rounded(measured, 2), unit })
const atLeast = (name: string, measured: number, unit: string, least: number): Line => ({
  ...line(name, measured, unit),
  'at least': least,
  met: measured >= least,
})
const atMost = (name: string, measured: number, unit: string, most: number): Line => ({
  ...line(name, measured, unit),
  'at most': most,
  met: measured <= most,
})

const measured = {
  records: peers.ofRecords,
  one: peers.oneByOne,
  formatted: peers.formatted,
  recordsFormatted: peers.recordsFormatted,
  recordsListed: peers.recordsListed,
  icedAll: peers.icedAll,
  icedOne: peers.icedOne,
  icedOut: peers.icedOut,
  icedFormatted: peers.icedFormatted,
  icedFast: peers.icedFast,
  icedListed: peers.icedListed,
} as const satisfies Readonly<Record<string, peers.Peer>>

type Name = keyof typeof measured

/**
 * Decodes and formats the text of Debian's kernel, or of the ELF file that is named, by our decoder and by iced-x86's JavaScript API: same bytes, same process, in turns,
 * length, mnemonic and operands of every instruction looked at. Then packs the decoder and imports it in new processes.
 */
export async function benchDecode([path]: readonly string[]): Promise<void> {
  const file = path === undefined ? unpackLz4(payloadOf(await kernel())) : readFileSync(path)
  const rates = ratesOf(textOf(file))
  const { icedAll, icedOne, icedOut, records, one, formatted, recordsFormatted, recordsListed } = rates
  const packed = packedDecoder()
  const rows: readonly Line[] = [
    atLeast('decodeMany, into records', records, 'M/s', 8),
    line('decode, into one object', one, 'M/s'),
    line('decode and format', formatted, 'M/s'),
    line('decodeMany and formatRecord', recordsFormatted, 'M/s'),
    line('decodeMany and formatMany, a listing', recordsListed, 'M/s'),
    line('iced-x86, decodeAll', icedAll, 'M/s'),
    line('iced-x86, decode', icedOne, 'M/s'),
    line('iced-x86, decodeOut', icedOut, 'M/s'),
    line('iced-x86, decodeOut and Formatter', rates.icedFormatted, 'M/s'),
    line('iced-x86, decodeOut and FastFormatter', rates.icedFast, 'M/s'),
    line('iced-x86, decodeOut and Formatter, a listing', rates.icedListed, 'M/s'),
    atLeast('decodeMany against decodeAll', records / icedAll, 'times', 20),
    line('decodeMany against decodeOut', records / icedOut, 'times'),
    // its texts one by one, which is faster than its listing
    atLeast('formatMany against Formatter', recordsListed / rates.icedFormatted, 'times', 5),
    line('formatMany against Formatter, both a listing', recordsListed / rates.icedListed, 'times'),
    line('formatMany against FastFormatter', recordsListed / rates.icedFast, 'times'),
    line('formatRecord against Formatter', recordsFormatted / rates.icedFormatted, 'times'),
    line('formatRecord against FastFormatter', recordsFormatted / rates.icedFast, 'times'),
    line('format against Formatter', formatted / rates.icedFormatted, 'times'),
    atMost('tarball', packed.bytes / 1000, 'KB', 150),
    line('tarballs, with what it needs', packed.closureBytes / 1000, 'KB'),
    atMost('import', packed.importing.decoder.wall, 'ms', 15),
    line('import, time of processors', packed.importing.decoder.processor, 'ms CPU'),
    line('import of nothing', packed.importing.nothing.wall, 'ms'),
    line('import of nothing, time of processors', packed.importing.nothing.processor, 'ms CPU'),
    line('import of iced-x86', packed.importing.iced.wall, 'ms'),
    line('import of iced-x86, time of processors', packed.importing.iced.processor, 'ms CPU'),
    line('the first instruction', packed.firstMilliseconds, 'ms'),
  ]
  console.table(rows)
  console.log(`what was looked at sums up to ${peers.seen.sum >>> 0}`)
  keep('decode', { rounds, rows })
  if (rows.some(({ met }) => met === false)) process.exitCode = 1
}

async function kernel(): Promise<Buffer> {
  return Buffer.from((await defaultGuest((says) => console.log(says))).kernel)
}

/** Millions of instructions a second, medians: in each round everybody has the same piece, one after the other. */
function ratesOf(text: Uint8Array): Readonly<Record<Name, number>> {
  const names = Object.keys(measured) as Name[]
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  const pieces = Math.max(1, Math.floor(text.length / pieceBytes))
  for (let round = 0; round < rounds; round += 1) {
    const from = (round % pieces) * pieceBytes
    const piece = text.slice(from, from + pieceBytes)
    for (const name of names) {
      const rate = rateOf(measured[name], piece)
      // in the first round compilers are at work
      if (round > 0) rates[name].push(rate)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])])) as Record<Name, number>
}

/** Processor time of this thread's process, compilers included. */
function rateOf(peer: peers.Peer, piece: Uint8Array): number {
  const before = process.cpuUsage().user
  const instructions = peer(piece)
  return instructions / Math.max(1, process.cpuUsage().user - before)
}
