import type { MappedMemory } from '../user-memory.ts'

/** A stretch of user space that shows a stretch of the machine's memory. */
export interface UserPiece {
  readonly address: bigint
  readonly bytes: number
  /** Where in the machine's memory it begins. */
  readonly offset: number
  readonly writable: boolean
}

/** Where user space has the machine's memory: at one address always, and wherever else its process has mapped it. */
export class UserMappings {
  readonly #memory: Uint8Array
  readonly #always: UserPiece
  #process: MappedMemory | undefined
  #seen = -1
  #pieces: readonly UserPiece[]

  constructor(address: bigint, memory: Uint8Array) {
    this.#memory = memory
    this.#always = { address, bytes: memory.length, offset: 0, writable: true }
    this.#pieces = [this.#always]
  }

  /** The process whose memory it is. */
  follow(process: MappedMemory): void {
    this.#process = process
    this.refresh()
  }

  /** Looks at what the process has mapped. True if that is no longer what it was. */
  refresh(): boolean {
    if (this.#process === undefined || this.#process.changes === this.#seen) return false
    this.#seen = this.#process.changes
    const own = this.#process.pieces.filter(({ bytes }) => bytes.buffer === this.#memory.buffer)
    const pieces = own.map(({ address, bytes, access }) => {
      const offset = bytes.byteOffset - this.#memory.byteOffset
      return { address, bytes: bytes.length, offset, writable: access === 'write' }
    })
    this.#pieces = [...pieces, this.#always]
    return true
  }

  /** What of a stretch of user space shows the machine's memory, in order. */
  within(address: bigint, bytes: bigint): readonly UserPiece[] {
    const found: UserPiece[] = []
    const end = address + bytes
    for (let at = address; at < end; ) {
      const piece = this.#pieces.find((each) => at >= each.address && at < each.address + BigInt(each.bytes))
      const next = this.#nextBeginning(at, end)
      if (piece === undefined) {
        at = next
        continue
      }
      const stop = [piece.address + BigInt(piece.bytes), next].reduce((one, other) => (one < other ? one : other))
      const skipped = Number(at - piece.address)
      found.push({ ...piece, address: at, bytes: Number(stop - at), offset: piece.offset + skipped })
      at = stop
    }
    return found
  }

  #nextBeginning(at: bigint, end: bigint): bigint {
    return this.#pieces.reduce((next, { address }) => (address > at && address < next ? address : next), end)
  }
}
