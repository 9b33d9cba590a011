import { exceptions } from '@vmm/x86-registers'
import { type Surroundings, unanswered } from '@vmm/x86-semantics'
import { accessKind } from './access.ts'
import type { BlockCache } from './block-cache.ts'
import { noMemory } from './runtime.ts'
import { astrideBlocks, astrideBytes, at, blockHeadBytes, inAstride, inBlock, inRecord } from './state-layout.ts'
import type { StateView } from './state-view.ts'

const pageBytes = 4096
/** The longest instruction. Source: SDM 2A §2.3.11. */
const longest = 15
const all64 = (1n << 64n) - 1n

interface Around {
  readonly state: StateView
  readonly ports: Surroundings
  readonly blocks: BlockCache
  /** Host address of a linear one; 0 after a fault, `noMemory` where no memory answers. */
  fill(linear: bigint, kind: number): number
}

/** Copies the instruction at RIP to `stepBytes`, page by page, within the limit of CS. */
export class CodeBytes {
  readonly #state: StateView
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #cpu: number
  readonly #around: Around
  /** Where the parts of the instruction that was copied last lie in memory; 0 where a device answered. */
  #parts: [number, number] = [0, 0]

  constructor(cpu: number, buffer: SharedArrayBuffer, around: Around) {
    this.#cpu = cpu
    this.#bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
    this.#around = around
    this.#state = around.state
  }

  /** Where the byte at RIP is in memory; 0 where it is in none, or cannot be fetched. */
  host(): number {
    const host = this.#around.fill(BigInt.asIntN(64, this.#linear(0)), accessKind.execute | 1)
    return host === noMemory ? 0 : host >>> 0
  }

  /** What lies in the page of RIP: the number of bytes, or 0 if there is not even one: why has been noted. */
  first(): number {
    this.#parts = [0, 0]
    return this.#copy(0, this.#inPage())
  }

  /** More, once `have` bytes are too few: the number of all bytes, or 0. Why there are no more of them has been noted. */
  rest(have: number): number {
    // a device of this page has no answer yet
    if (have < this.#inPage()) return 0
    const reach = this.#inReach()
    const bytes = this.#copy(have, reach)
    if (bytes === reach) this.#state.noteFault(exceptions.GP.vector, 0)
    return bytes === have ? 0 : bytes
  }

  /**
   * The instruction was copied, and decoded, with `first` bytes in its first page: emitted code finds it from now on. False if it lies
   * in one page, is none to keep, or is kept already.
   */
  keep(first: number): boolean {
    const { state, blocks } = this.#around
    const bytes = this.#view.getUint16(this.#cpu + at.stepBlock + blockHeadBytes + inRecord.next, true)
    const [begins, second] = this.#parts
    if (bytes <= first || begins === 0 || second === 0) return false
    const mode = state.word(at.mode)
    const place = at.astride + ((begins >>> 12) % astrideBlocks) * astrideBytes
    const known = { host: begins, mode, second } as const
    const isKnown = (Object.keys(known) as (keyof typeof known)[]).every(
      (name) => state.word(place + inAstride[name]) === known[name],
    )
    if (isKnown && this.#view.getUint32(state.word(place + inAstride.block) + inBlock.mode, true) === mode) return false
    const parts = [
      { host: begins, bytes: first },
      { host: second, bytes: bytes - first },
    ] as const
    const block = blocks.addAstride(this.#cpu + at.stepBytes, mode, parts)
    if (block === 0) return false
    for (const [name, value] of Object.entries({ ...known, block }))
      state.setWord(place + inAstride[name as 'block'], value)
    return true
  }

  /** How many bytes an instruction may have before it meets the limit of CS. */
  #inReach(): number {
    if (this.#state.long(at.codeMask) === all64) return longest
    const within = this.#state.get('CS.limit') - this.#state.get('RIP') + 1n
    return within <= 0n ? 0 : Math.min(longest, Number(within))
  }

  #inPage(): number {
    return Math.min(this.#inReach(), pageBytes - Number(this.#linear(0) & BigInt(pageBytes - 1)))
  }

  #linear(offset: number): bigint {
    const { state } = this.#around
    return (state.get('RIP') + state.long(at.codeBase) + BigInt(offset)) & state.long(at.codeMask)
  }

  /** Copies bytes `from` up to `to`, which lie in one page. Gives where it ended; why before `to` has been noted. */
  #copy(from: number, to: number): number {
    const { state, ports, fill } = this.#around
    if (from === to) {
      state.noteFault(exceptions.GP.vector, 0)
      return from
    }
    const host = fill(BigInt.asIntN(64, this.#linear(from)), accessKind.execute | 1)
    if (host === 0) return from
    const target = this.#cpu + at.stepBytes
    if (host !== noMemory) {
      const start = host >>> 0
      this.#parts[from === 0 ? 0 : 1] = start
      this.#bytes.copyWithin(target + from, start, start + to - from)
      return to
    }
    const address = Number(state.long(at.missPhysical)) - from
    if (ports.unreachable?.(address + from, to - from, 'fetch') === true) {
      state.noteFault(unanswered, undefined)
      return from
    }
    for (let at = from; at < to; at += 1) {
      const byte = ports.mmioRead(address + at, 1, 'fetch')
      if (byte === undefined) {
        state.noteFault(unanswered, undefined)
        return at
      }
      this.#bytes[target + at] = Number(byte & 0xffn)
    }
    return to
  }
}
