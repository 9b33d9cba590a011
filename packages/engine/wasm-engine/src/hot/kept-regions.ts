import { type BranchHint, ByteWriter, type ValueType, valueTypes } from '@vmm/wasm-encoder'
import type { LinkPlace } from '../emit/links.ts'
import type { LinkedBody } from '../emit/write.ts'
import { ByteReader } from './byte-reader.ts'

/** Bytes that are kept at most, about. */
const bytesAtMost = 4 * 2 ** 20

/** A function as it was emitted, and all that it follows from. */
interface Kept {
  readonly key: Uint8Array
  /** The function, in bytes. */
  readonly body: Uint8Array
}

/** Functions of regions by all that they follow from: what an earlier start of this program has emitted need not be emitted again. */
export class KeptRegions {
  readonly #before = new Map<number, Kept[]>()
  readonly #now = new Set<Kept>()
  #isOther = false

  /** `bytes`: what an earlier start kept. */
  constructor(bytes: Uint8Array | undefined) {
    if (bytes === undefined) return
    const reader = new ByteReader(bytes)
    while (!reader.isAtEnd) this.#add({ key: reader.bytes(reader.unsigned()), body: reader.bytes(reader.unsigned()) })
  }

  find(key: Uint8Array): LinkedBody | undefined {
    const found = this.#before.get(sumOf(key))?.find((kept) => isSame(kept.key, key))
    if (found === undefined) return undefined
    this.#now.add(found)
    return bodyIn(found.body)
  }

  made(key: Uint8Array, body: LinkedBody): void {
    const kept = { key, body: bytesOf(body) }
    this.#add(kept)
    this.#now.add(kept)
    this.#isOther = true
  }

  /** What is worth keeping, that of this start first; undefined if nothing is new. */
  bytes(): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#isOther) return undefined
    const all = new Set([...this.#now, ...[...this.#before.values()].flat()])
    const out = new ByteWriter()
    for (const { key, body } of all) {
      if (out.length + key.length + body.length > bytesAtMost) break
      for (const part of [key, body]) {
        out.unsigned(part.length)
        out.bytes(part)
      }
    }
    return out.view().slice()
  }

  #add(kept: Kept): void {
    const sum = sumOf(kept.key)
    const known = this.#before.get(sum)
    if (known === undefined) this.#before.set(sum, [kept])
    else known.push(kept)
  }
}

function sumOf(bytes: Uint8Array): number {
  let sum = bytes.length
  for (let at = 0; at < bytes.length; at += 1) sum = Math.imul(sum ^ bytes[at]!, 0x0100_0193)
  return sum
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false
  return true
}

const types = Object.keys(valueTypes) as ValueType[]

function bytesOf({ locals, hints, links, code }: LinkedBody): Uint8Array {
  const out = new ByteWriter()
  out.unsigned(locals.length)
  for (const local of locals) out.byte(types.indexOf(local))
  out.unsigned(hints.length)
  for (const { at, taken } of hints) {
    out.unsigned(at)
    out.byte(taken ? 1 : 0)
  }
  out.unsigned(links.length)
  for (const { at, of, plus } of links) {
    out.unsigned(at)
    out.byte(of === undefined ? 0 : 1)
    out.signed32(of ?? 0)
    out.unsigned(plus)
  }
  out.bytes(code)
  return out.view().slice()
}

function bodyIn(bytes: Uint8Array): LinkedBody {
  const reader = new ByteReader(bytes)
  const listOf = <T>(each: () => T): T[] => Array.from({ length: reader.unsigned() }, each)
  return {
    locals: listOf(() => types[reader.byte()]!),
    hints: listOf((): BranchHint => ({ at: reader.unsigned(), taken: reader.byte() !== 0 })),
    links: listOf((): LinkPlace => {
      const [at, isKnown, of, plus] = [reader.unsigned(), reader.byte(), reader.signed32(), reader.unsigned()]
      return { at, of: isKnown === 0 ? undefined : of, plus }
    }),
    code: reader.bytes(bytes.length),
  }
}
