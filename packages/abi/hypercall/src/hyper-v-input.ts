import type { HyperVCall } from './hyper-v.ts'

/** Where arguments can be read from. */
export interface HyperVInput {
  /** XMM0 to XMM5, low quadword first: twelve quadwords. */
  readonly xmm: readonly bigint[]
  /** A quadword of guest memory, or `undefined` where there is none. */
  readonly read: (gpa: bigint) => bigint | undefined
}

/** The processors that a call is about: all, or those with these VP indexes. */
export type HyperVProcessors = 'all' | readonly number[]

/** What a flush asks for. */
export interface HyperVFlush {
  readonly processors: HyperVProcessors
  /** A page number each, with the count of further pages in the low 12 bits; or everything. */
  readonly pages: 'all' | readonly bigint[]
}

/** What an IPI asks for. */
export interface HyperVIpi {
  readonly vector: number
  readonly processors: HyperVProcessors
}

const flushAllProcessors = 1n
const sparseSet = 0n
const wholeSet = 1n
const maxBanks = 64

/** KVM keeps this many pages for a processor to flush one by one; with more it flushes everything. */
const flushQueue = 15

/** The arguments of a flush, or `undefined` where they cannot be read or are not well formed. */
export function readFlush(call: HyperVCall, input: HyperVInput, set: 'mask' | 'sparse'): HyperVFlush | undefined {
  const flags = word(call, input, 1)
  const processors = set === 'mask' ? maskedProcessors(call, input, flags) : flushedSet(call, input)
  if (flags === undefined || processors === undefined) return undefined
  if (call.repeatCount === 0 || call.repeatCount > flushQueue) return { processors, pages: 'all' }
  const pages = words(call, input, set === 'mask' ? 3 : 4 + call.headerSize, call.repeatCount)
  return pages === undefined ? undefined : { processors, pages }
}

/** The arguments of an IPI, or `undefined` where they cannot be read or are not well formed. */
export function readIpi(call: HyperVCall, input: HyperVInput, set: 'mask' | 'sparse'): HyperVIpi | undefined {
  const first = word(call, input, 0)
  if (first === undefined || (set === 'mask' && call.fast && first >> 32n !== 0n)) return undefined
  const mask = word(call, input, 1)
  const processors = set === 'sparse' ? sparseProcessors(call, input, 1, (format) => format === wholeSet) : mask
  if (processors === undefined) return undefined
  const vector = Number(BigInt.asUintN(32, first))
  if (Array.isArray(processors) && processors.length === 0 && set === 'sparse') return { vector, processors }
  if (vector < 0x10 || vector > 0xff) return undefined
  return { vector, processors: typeof processors === 'bigint' ? bitsOf(processors, 0) : processors }
}

/** The connection that an event is for: in a register, or in memory, where it may not cross a page. */
export function readConnection(call: HyperVCall, input: HyperVInput): bigint | undefined {
  if (call.fast) return call.input
  return (call.input & 7n) === 0n ? input.read(call.input) : undefined
}

function maskedProcessors(
  call: HyperVCall,
  input: HyperVInput,
  flags: bigint | undefined,
): HyperVProcessors | undefined {
  const mask = word(call, input, 2)
  if (mask === undefined || flags === undefined) return undefined
  return (flags & flushAllProcessors) !== 0n || mask === 0n ? 'all' : bitsOf(mask, 0)
}

/** Unlike for IPIs, any format but the sparse one is the whole set. */
function flushedSet(call: HyperVCall, input: HyperVInput): HyperVProcessors | undefined {
  return sparseProcessors(call, input, 2, (format) => format !== sparseSet)
}

function sparseProcessors(
  call: HyperVCall,
  input: HyperVInput,
  at: number,
  isWhole: (format: bigint) => boolean,
): HyperVProcessors | undefined {
  const [format, valid] = [word(call, input, at), word(call, input, at + 1)]
  if (format === undefined || valid === undefined || call.headerSize !== bitsOf(valid, 0).length) return undefined
  if (isWhole(format)) return 'all'
  if (call.headerSize > maxBanks) return undefined
  const banks = words(call, input, at + 2, call.headerSize)
  return banks && bitsOf(valid, 0).flatMap((bank, nth) => bitsOf(banks[nth] ?? 0n, bank * 64))
}

function words(call: HyperVCall, input: HyperVInput, from: number, count: number): readonly bigint[] | undefined {
  const read = Array.from({ length: count }, (_, nth) => word(call, input, from + nth))
  return read.every((value) => value !== undefined) ? read : undefined
}

/** The nth quadword of the arguments: of a fast call two are in general registers, the rest in XMM registers. */
function word(call: HyperVCall, input: HyperVInput, nth: number): bigint | undefined {
  if (!call.fast) return input.read(BigInt.asUintN(64, call.input + BigInt(8 * nth)))
  if (nth === 0) return call.input
  return nth === 1 ? call.output : input.xmm[nth - 2]
}

function bitsOf(mask: bigint, first: number): readonly number[] {
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => ((mask >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => first + bit)
}
