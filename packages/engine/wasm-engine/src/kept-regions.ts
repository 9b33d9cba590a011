import { type BranchHint, ByteWriter, type ValueType, valueTypes } from '@vmm/wasm-encoder'
import type { Emitted } from './emit/holes.ts'
import type { EmittedCode } from './emitted-code.ts'

/** Bytes of all that is kept, and of what one start adds to it: what was not of use for longest goes when it is more. */
const bytesAtMost = 8 * 2 ** 20

/** So many new ones are kept at once, or half of those there are: not all programs come to their end. */
const newAtOnce = 64

/** What a region was made of, and what became of it. */
interface Kept {
  readonly description: Uint8Array
  readonly packed: Uint8Array
}

/**
 * Functions of regions that earlier starts of this program have made: a guest that does what one did before has the same ones. A region
 * is found by all that it is made of, to the last bit.
 */
export class KeptRegions {
  readonly #emitted: EmittedCode
  readonly #name: string
  readonly #byHash = new Map<number, Kept[]>()
  /** What was of use in this start, and what it has made. */
  readonly #used = new Set<Kept>()
  #usedBytes = 0
  #new = 0

  /** `kind` is what machines are alike in whose regions are. */
  constructor(emitted: EmittedCode, kind: string) {
    this.#emitted = emitted
    this.#name = `regions ${kind}`
    for (const kept of unpackedAll(emitted.find(this.#name))) this.#add(kept)
    emitted.atEnd?.(this.#name, () => this.#keep())
  }

  /** The function of a region of this description, or undefined. */
  find(description: Uint8Array): Emitted | undefined {
    const kept = this.#byHash.get(hashOf(description))?.find((each) => isSame(each.description, description))
    if (kept === undefined) return undefined
    this.#use(kept)
    return unpacked(kept.packed)
  }

  /** A function was made that was not found. */
  made(description: Uint8Array, body: Emitted): void {
    if (this.#usedBytes > bytesAtMost) return
    const kept = { description, packed: packedOf(body) }
    this.#add(kept)
    this.#use(kept)
    this.#new += 1
    if (this.#new >= Math.max(newAtOnce, this.#used.size / 2)) this.#keep()
  }

  #add(kept: Kept): void {
    const hash = hashOf(kept.description)
    const others = this.#byHash.get(hash)
    if (others === undefined) this.#byHash.set(hash, [kept])
    else others.push(kept)
  }

  #use(kept: Kept): void {
    if (this.#used.has(kept)) return
    this.#used.add(kept)
    this.#usedBytes += sizeOf(kept)
  }

  /** What was of use goes first, so that the rest is the older the farther behind it is. */
  #keep(): void {
    if (this.#new === 0) return
    const out = new ByteWriter()
    for (const kept of new Set([...this.#used, ...[...this.#byHash.values()].flat()])) {
      if (out.length + sizeOf(kept) > bytesAtMost) break
      for (const part of [kept.description, kept.packed]) {
        out.unsigned(part.length)
        out.bytes(part)
      }
    }
    this.#emitted.keep(this.#name, out.view().slice())
    this.#new = 0
  }
}

/** Bytes that it takes, the lengths of its parts among them. */
const sizeOf = ({ description, packed }: Kept): number => description.length + packed.length + 10

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at])

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5
  for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193)
  return hash
}

/** Reads what a `ByteWriter` has written. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  unsigned(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  part(length: number): Uint8Array {
    const from = this.#at
    this.#at += length
    return this.#bytes.subarray(from, this.#at)
  }

  rest(): Uint8Array {
    return this.part(this.#bytes.length - this.#at)
  }
}

function unpackedAll(bytes: Uint8Array | undefined): readonly Kept[] {
  const all: Kept[] = []
  const reader = new Reader(bytes ?? new Uint8Array())
  while (!reader.isAtEnd) {
    const description = reader.part(reader.unsigned())
    all.push({ description, packed: reader.part(reader.unsigned()) })
  }
  return all
}

/** Locals by the codes of their types, hints by twice their places and whether they are taken, holes by places and numbers, and the code. */
function packedOf({ locals, code, holes, hints = [] }: Emitted): Uint8Array {
  const out = new ByteWriter()
  out.unsigned(locals.length)
  for (const type of locals) out.byte(valueTypes[type])
  out.unsigned(hints.length)
  for (const { at, taken } of hints) out.unsigned(at * 2 + Number(taken))
  out.unsigned(holes.length)
  for (const { at, number } of holes) {
    out.unsigned(at)
    out.unsigned(number)
  }
  out.bytes(code)
  return out.view().slice()
}

const typesByCode = new Map(Object.entries(valueTypes).map(([name, code]) => [code as number, name as ValueType]))

function unpacked(packed: Uint8Array): Emitted {
  const reader = new Reader(packed)
  const locals = Array.from(reader.part(reader.unsigned()), (code) => typesByCode.get(code)!)
  const hints: BranchHint[] = Array.from({ length: reader.unsigned() }, () => hintOf(reader.unsigned()))
  const holes = Array.from({ length: reader.unsigned() }, () => ({ at: reader.unsigned(), number: reader.unsigned() }))
  return { locals, hints, holes, code: reader.rest() }
}

const hintOf = (word: number): BranchHint => ({ at: word >>> 1, taken: (word & 1) === 1 })
