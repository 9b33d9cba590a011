import { isAmdsWay } from './amd-ways.ts'
import { areMasksAlike } from './gather-masks.ts'
import { completedArea } from './saved-area.ts'
import { undefinedAfterShift } from './shift-flags.ts'
import { numberOfCs, type Outcome, type Snippet, segments, startOf } from './snippet.ts'
import { approximations, transcendental, undefinedCodes, undefinedFlags } from './undefined.rows.ts'
import { unknownBits } from './unknown-bits.ts'

/**
 * What differs between what the real CPU did and what a subject did, a line each. Nothing: they agree. `also` are the
 * instructions after the first, where there are several.
 */
export function differences(
  mnemonic: string,
  snippet: Snippet,
  real: Outcome,
  ours: Outcome,
  also: readonly string[] = [],
): readonly string[] {
  if (areAlike(snippet, real, ours) || isMakersChoice(mnemonic, snippet, [real, ours])) return []
  if (isAmdsWay(mnemonic, snippet, real, ours)) return []
  const end = endOf(mnemonic, snippet, real, ours)
  if (end !== undefined) return [end]
  return [
    ...registers(mnemonic, snippet, real, ours),
    ...selectors(mnemonic, real, ours),
    ...flags(mnemonic, snippet, real, ours),
    ...(loadsBeforeItFaults(mnemonic, snippet, real)
      ? []
      : [...floats(mnemonic, real, ours, also), ...upperHalves(mnemonic, snippet, real, ours)]),
    ...data(mnemonic, snippet, real, ours),
  ]
}

/** Whether both complete alike in all that there is to see: nearly all of them do, and need no closer look. */
function areAlike(snippet: Snippet, real: Outcome, ours: Outcome): boolean {
  if (real.vector !== undefined || ours.vector !== undefined) return false
  if (ours.rip !== BigInt(startOf(snippet) + snippet.code.length)) return false
  const [a, b] = [real.fx, ours.fx]
  const areWords = [0, 1, 2, 3, 4, 24, 25, 26, 27].every((at) => a[at] === b[at])
  const same = (x: Uint8Array, y: Uint8Array) => Buffer.compare(x, y) === 0
  return (
    areWords &&
    ((real.rflags ^ ours.rflags) & comparedFlags) === 0n &&
    registers('', snippet, real, ours).length === 0 &&
    selectors('WRPKRU', real, ours).length === 0 &&
    same(a.subarray(fxAt.ST, fxEnd), b.subarray(fxAt.ST, fxEnd)) &&
    same(real.upper, ours.upper) &&
    same(real.data, ours.data)
  )
}

const [generalProtection, pageFault, alignmentCheck]: readonly number[] = [13, 14, 17]
const rexB = 0x41

/**
 * What AMD's processors do otherwise than Intel's: whether a store of ten bytes that is askew is #AC, whether one that an unmasked exception
 * keeps from being made looks for its page, which operand of CMPS is asked for first, which half MASKMOVDQU stores first, and whether F3
 * REX.B 90 exchanges R8 and the accumulator, as F3 does not change it, or is PAUSE.
 */
function isMakersChoice(mnemonic: string, { code }: Snippet, ends: readonly Outcome[]): boolean {
  if (/^V?MASKMOVDQU$/.test(mnemonic)) return ends.every(({ vector }) => vector === pageFault) && areHalves(ends)
  if (/^RD(?:RAND|SEED)$/.test(mnemonic)) return hadNone(ends[0]!)
  if (/^SYS(?:RET|EXIT)$/.test(mnemonic)) return ends.every(({ vector }) => refusals.has(vector))
  if (mnemonic === 'PAUSE') return (code.at(-2)! & rexB) === rexB
  const vectors = new Set(ends.map(({ vector }) => vector))
  if (readsInAnyOrder.has(mnemonic)) return vectors.size === 2 && !vectors.has(undefined)
  return vectors.size === 2 && vectors.has(undefined) && ends.some((end) => isRefusedStore(mnemonic, end))
}

/** Whether a source of random numbers had none just then. */
const hadNone = ({ vector, rflags }: Outcome): boolean => vector === undefined && (rflags & 1n) === 0n

/** #UD and #GP: what of SYSRET and SYSEXIT is there outside 64-bit code is each maker's own, and refused to programs. */
const refusals: ReadonlySet<number | undefined> = new Set([6, 13])

/** Whether one end is at the upper half of 128 bits, and the other at the lower. */
const areHalves = ([one, other]: readonly Outcome[]): boolean => {
  const distance = one!.address - other!.address
  return distance === 8n || distance === -8n
}

/** Whether a store of the x87 was refused for its place. */
export const isRefusedStore = (mnemonic: string, { vector }: Outcome): boolean =>
  /^F(?:B|I|)ST(?:P|TP|)$/.test(mnemonic) && [alignmentCheck, pageFault, generalProtection].includes(vector ?? -1)

const hex = (value: bigint | number): string => value.toString(16)
const breakpoint = 3
const fetched = 0x10
/** Errors of accesses to the kernel's half tell that there is a page. */
const protection = 1
/** Whether ARPL asks to write before it reads is each maker's own. */
const written = 2
/** Exceptions of instructions that ask for them: what is saved is behind them. */
const isInPlace: ReadonlySet<number> = new Set([1, 3, 4])

const sayEnd = ({ vector, errorCode, address, rip }: Outcome): string =>
  vector === undefined ? 'completes' : `exception ${vector} (${hex(errorCode)}) address ${hex(address)} at ${hex(rip)}`

/** How it ended. A jump ends the real one at whatever is there: a breakpoint, or no page. */
function endOf(mnemonic: string, snippet: Snippet, real: Outcome, ours: Outcome): string | undefined {
  const [start, next] = [BigInt(startOf(snippet)), BigInt(startOf(snippet) + snippet.code.length)]
  if (ours.vector === undefined && ours.rip !== next && ours.rip !== start) {
    const reached = real.vector === breakpoint ? real.rip - 1n : real.rip
    const jumped = real.vector === breakpoint || (real.vector === pageFault && (real.errorCode & fetched) !== 0)
    if (jumped && reached === ours.rip) return undefined
  } else if (callsNowhere(mnemonic, real, ours)) {
    return undefined
  } else if (real.vector === ours.vector) {
    if (real.vector === undefined) return undefined
    const isPage = real.vector === pageFault
    const above = isPage && real.address >> 47n !== 0n ? protection : 0
    const ignored = above | (isPage && mnemonic === 'ARPL' ? written : 0)
    const isAddress = !isPage || readsInAnyOrder.has(mnemonic) || real.address === ours.address
    const isPlace = !isInPlace.has(real.vector!) || real.rip === ours.rip
    if ((real.errorCode | ignored) === (ours.errorCode | ignored) && isAddress && isPlace) return undefined
  }
  return `end: ${sayEnd(real)}; ours ${sayEnd(ours)}`
}

/** Of two operands in memory that are both in no page, either may be told of. */
const readsInAnyOrder: ReadonlySet<string> = new Set(['CMPS', 'CMPSB'])

/** A call to no address from no stack, or one that is askew: which fault comes first is their own affair. */
const callsNowhere = (mnemonic: string, real: Outcome, ours: Outcome): boolean =>
  /^CALLF?$/.test(mnemonic) && real.vector !== undefined && ours.vector === generalProtection && ours.errorCode === 0

/** 32-bit code has eight registers, and what becomes of their upper halves is told by nobody. SDM 1 §3.4.1.1. */
function registers(mnemonic: string, snippet: Snippet, real: Outcome, ours: Outcome): string[] {
  const { codeSize } = snippet
  if (real.gprs.every((value, index) => value === ours.gprs[index])) return []
  const [count, bits] = codeSize === 32 ? [8, 32] : [16, 64]
  const [a, b] = [real, ours].map(({ gprs }) =>
    Array.from(gprs.subarray(0, count), (value) => BigInt.asUintN(bits, value)),
  ) as [bigint[], bigint[]]
  const unknown = real.vector === undefined ? unknownBits(mnemonic, snippet) : new Map<number, bigint>()
  return a.flatMap((value, index) =>
    ((value ^ b[index]!) & ~(unknown.get(index) ?? 0n)) === 0n
      ? []
      : [`r${index}: ${hex(value)}; ours ${hex(b[index]!)}`],
  )
}

/** Selectors, and PKRU of what reads and writes it. That of CS is known where somebody else has told of it. */
function selectors(mnemonic: string, real: Outcome, ours: Outcome): string[] {
  const keys = real.vector === undefined && mnemonic === 'WRPKRU' && real.pkru !== ours.pkru
  const different = segments.flatMap((name, at) => {
    const [x, y] = [real.segments[at]!, ours.segments[at]!]
    const isUnseen = at === numberOfCs && real.vector === undefined
    return x === y || isUnseen || isClearedNull(x, y) ? [] : [`${name}: ${hex(x)}; ours ${hex(y)}`]
  })
  return keys ? [...different, `PKRU: ${hex(real.pkru)}; ours ${hex(ours.pkru)}`] : different
}

/** An interrupt in between returns to an outer level, which clears null selectors. Source: SDM 2A §3.3, IRET, RETURN-TO-OUTER-PRIVILEGE-LEVEL. */
const isClearedNull = (real: number, ours: number): boolean => real === 0 && ours <= 3

/** CF PF AF ZF SF DF OF NT AC ID; RF is the kernel's to show, IF and IOPL are the system's. */
const comparedFlags = 0x24_4cd5n

function flags(mnemonic: string, snippet: Snippet, real: Outcome, ours: Outcome): string[] {
  // a fault leaves them all
  const completes = real.vector === undefined
  const undefinedOnes = undefinedAfterShift(mnemonic, snippet) ?? undefinedFlags[mnemonic] ?? 0n
  const mask = comparedFlags & ~(completes ? undefinedOnes : 0n)
  const [a, b] = [real.rflags & mask, ours.rflags & mask]
  return a === b ? [] : [`flags: ${hex(a)}; ours ${hex(b)}`]
}

const fxAt = { FCW: 0, FSW: 2, FTW: 4, MXCSR: 24, ST: 32, XMM: 160 } as const
const fxEnd = fxAt.XMM + 16 * 16
const simdException = 19

function floats(mnemonic: string, real: Outcome, ours: Outcome, also: readonly string[]): string[] {
  const [a, b] = [real, ours].map(({ fx }) => new DataView(fx.buffer, fx.byteOffset)) as [DataView, DataView]
  const unseen = transcendental.has(mnemonic) && isTinyForOne(a, b) ? underflows : 0
  const words: [string, number, number][] = [
    ['FCW', a.getUint16(fxAt.FCW, true), b.getUint16(fxAt.FCW, true)],
    ['FTW', a.getUint8(fxAt.FTW), b.getUint8(fxAt.FTW)],
    ['MXCSR', a.getUint32(fxAt.MXCSR, true), b.getUint32(fxAt.MXCSR, true)],
    ['FSW', ...([a, b].map((view) => status([mnemonic, ...also], view, unseen)) as [number, number])],
  ]
  // whether the MMX registers are in use by then is told by nobody
  if (real.vector !== undefined && [mnemonic, ...also].some((each) => takesX87Over.has(each)))
    return vectors(mnemonic, real, ours)
  const kept =
    real.vector === simdException ? words.filter(([name]) => name === 'MXCSR' && !dotProducts.has(mnemonic)) : words
  const lines = kept.flatMap(([name, x, y]) => (x === y ? [] : [`${name}: ${hex(x)}; ours ${hex(y)}`]))
  return real.vector === simdException ? lines : [...lines, ...stack(mnemonic, a, b), ...vectors(mnemonic, real, ours)]
}

/** Stores of MMX registers: AMD's processors take the x87 over before MASKMOVQ faults, Intel's before any of them does. */
const takesX87Over: ReadonlySet<string> = new Set(['MASKMOVQ', 'MOVNTQ', 'MOVQ', 'MOVD'])

/** How far they come before an unmasked exception stops them is their own affair. SDM 2A, DPPD. */
const dotProducts: ReadonlySet<string> = new Set(['DPPS', 'DPPD', 'VDPPS', 'VDPPD'])

const roundedUp = 0x200
/** UE, with what an unmasked one brings: ES and B. SDM 1 §8.1.3. */
const underflows = 0x8090

function status(mnemonics: readonly string[], view: DataView, unseen: number): number {
  const ignored = mnemonics
    .map((mnemonic) => (undefinedCodes[mnemonic] ?? 0) | (transcendental.has(mnemonic) ? roundedUp : 0))
    .reduce((all, each) => all | each, unseen)
  return view.getUint16(fxAt.FSW, true) & ~ignored
}

function stack(mnemonic: string, a: DataView, b: DataView): string[] {
  const isAbout = (x: bigint, y: bigint) => areNeighbours(x, y) || areNeighboursScaled(x, y)
  return registersOf(a).flatMap((x, index) => {
    const y = registersOf(b)[index]!
    return x === y || (transcendental.has(mnemonic) && isAbout(x, y)) ? [] : [`ST${index}: ${hex(x)}; ours ${hex(y)}`]
  })
}

const registersOf = (view: DataView): bigint[] =>
  Array.from({ length: 8 }, (_, index) => BigInt.asUintN(80, wide(view, fxAt.ST + index * 16)))

/** Whether a result is at the border of what is tiny, so that it underflows for one of the two. */
const isTinyForOne = (a: DataView, b: DataView): boolean =>
  registersOf(a).some((x, index) => {
    const y = registersOf(b)[index]!
    return areNeighboursScaled(x, y) || (isDenormal(x) !== isDenormal(y) && areNeighbours(x, y))
  })

const isDenormal = (x: bigint): boolean => ((x >> 64n) & 0x7fffn) === 0n

/** What an unmasked underflow adds to an exponent. SDM 1 §8.5.5. */
const scale = 24576n << 64n
const areNeighboursScaled = (x: bigint, y: bigint): boolean =>
  areNeighbours(x + scale, y) || areNeighbours(x, y + scale)

/** Float80s that are one unit in the last place apart. The integer bit is none of the places. */
function areNeighbours(x: bigint, y: bigint): boolean {
  const [a, b] = [x, y].map((bits) => ((bits >> 64n) << 63n) | BigInt.asUintN(63, bits)) as [bigint, bigint]
  return a - b === 1n || b - a === 1n
}

function vectors(mnemonic: string, real: Outcome, ours: Outcome): string[] {
  const [a, b] = [real, ours].map(({ fx }) => new DataView(fx.buffer, fx.byteOffset)) as [DataView, DataView]
  return Array.from({ length: 16 }, (_, index) => {
    const at = fxAt.XMM + index * 16
    const [x, y] = [wide(a, at), wide(b, at)]
    if (x === y || (approximations.has(mnemonic) && areClose(a, b, at))) return ''
    if (areSameButNaNs(mnemonic, a, b, at)) return ''
    if (isStoppedGather(mnemonic, real) && areMasksAlike(mnemonic, a, b, at)) return ''
    return `XMM${index}: ${hex(x)}; ours ${hex(y)}`
  }).filter((line) => line !== '')
}

const isStoppedGather = (mnemonic: string, { vector }: Outcome): boolean =>
  vector !== undefined && mnemonic.includes('GATHER')

/** Above what a gather names its registers are clear when it is done; what is there after a fault is each maker's own. */
function isAboveGather(mnemonic: string, { upper }: Snippet, real: Outcome, ours: Outcome, index: number): boolean {
  if (!isStoppedGather(mnemonic, real)) return false
  const before = upper?.subarray(index * 16, (index + 1) * 16) ?? new Uint8Array(16)
  return Buffer.compare(before, ours.upper.subarray(index * 16, (index + 1) * 16)) === 0
}

function upperHalves(mnemonic: string, snippet: Snippet, real: Outcome, ours: Outcome): string[] {
  if (real.vector === simdException) return []
  const [a, b] = [real, ours].map(({ upper }) => new DataView(upper.buffer, upper.byteOffset)) as [DataView, DataView]
  return Array.from({ length: 16 }, (_, index) => {
    const [x, y] = [wide(a, index * 16), wide(b, index * 16)]
    if (isAboveGather(mnemonic, snippet, real, ours, index)) return ''
    if (isStoppedGather(mnemonic, real) && areMasksAlike(mnemonic, a, b, index * 16)) return ''
    const isClose = approximations.has(mnemonic) && areClose(a, b, index * 16)
    const isAlike = x === y || isClose || areSameButNaNs(mnemonic, a, b, index * 16)
    return isAlike ? '' : `YMM${index} above: ${hex(x)}; ours ${hex(y)}`
  }).filter((line) => line !== '')
}

/** Which of several NaNs a sum of products gives is their own affair. */
function areSameButNaNs(mnemonic: string, a: DataView, b: DataView, at: number): boolean {
  if (!dotProducts.has(mnemonic)) return false
  const bytes = mnemonic.endsWith('PS') ? 4 : 8
  const read = (view: DataView, place: number) =>
    bytes === 4 ? view.getFloat32(place, true) : view.getFloat64(place, true)
  const places = Array.from({ length: 16 / bytes }, (_, lane) => at + lane * bytes)
  return places.every((place) => Object.is(read(a, place), read(b, place)))
}

const wide = (view: DataView, at: number): bigint =>
  (view.getBigUint64(at + 8, true) << 64n) | view.getBigUint64(at, true)

/** Singles within the error that the manual allows, twice: 1.5 x 2^-12 for each of the two. */
function areClose(a: DataView, b: DataView, at: number): boolean {
  return [0, 4, 8, 12].every((lane) => {
    const [x, y] = [a.getFloat32(at + lane, true), b.getFloat32(at + lane, true)]
    if (a.getUint32(at + lane, true) === b.getUint32(at + lane, true)) return true
    return Math.abs(x - y) <= Math.abs(y) * 3 * 2 ** -12
  })
}

/** ENTER finds out late that there is no room, and Intel's CALL, near and far, that there is no such address: they have stored by then. */
const storesBeforeItFaults: ReadonlySet<string> = new Set(['ENTER', 'CALL', 'CALLF'])

/** Intel's XRSTOR of a compacted area finds out late that MXCSR may not be so: it has loaded the rest by then. */
const loadsBeforeItFaults = (mnemonic: string, { data }: Snippet, { vector }: Outcome): boolean =>
  mnemonic === 'XRSTOR' && vector === generalProtection && (data[compactionByte]! & 0x80) !== 0
/** The last byte of XCOMP_BV. */
const compactionByte = 527

/** In an area: the opcode and pointers, which some keep after exceptions alone, and MXCSR_MASK. SDM 1 §10.5.1, APM 2 §11.4.4. */
const isMakersOwn = (at: number): boolean => (at >= 6 && at < 24) || (at >= 28 && at < 32)

function data(mnemonic: string, snippet: Snippet, real: Outcome, ours: Outcome): string[] {
  if (real.vector !== undefined && storesBeforeItFaults.has(mnemonic)) return []
  const isSaved = /^F?XSAVE(C|OPT|)$/.test(mnemonic)
  const [a, b] = [real, ours].map(({ data, vector }) =>
    vector === undefined && /^XSAVE/.test(mnemonic) ? completedArea(data, Number(snippet.gprs[0]! & 7n)) : data,
  ) as [Uint8Array, Uint8Array]
  const at = a.findIndex((byte, index) => byte !== b[index] && !(isSaved && isMakersOwn(index)))
  if (at < 0) return []
  const some = (bytes: Uint8Array) => Buffer.from(bytes.subarray(at, at + 16)).toString('hex')
  return [`memory at +${at}: ${some(a)}; ours ${some(b)}`]
}
