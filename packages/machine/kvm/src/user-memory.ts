/** The memory of a process, as the kernel reaches it: any access may fault. */
export interface UserMemory {
  /** A copy of the bytes, or `undefined` where one of them cannot be read. */
  read(address: bigint, length: number): Uint8Array | undefined
  /** `false` where one of the bytes cannot be written; those before it may have been. */
  write(address: bigint, bytes: Uint8Array): boolean
}

/** A copy in or out: what a recorder sees. */
export interface Copy {
  readonly direction: 'from user' | 'to user'
  readonly address: bigint
  readonly length: number
  /** What was copied; `undefined`: it faulted. */
  readonly bytes: Uint8Array | undefined
}

/** What a mapping lets a process do: nothing, read, or read and write. */
export type MappingAccess = 'none' | 'read' | 'write'

/** A stretch of a process's memory. */
export interface MappedPiece {
  readonly address: bigint
  readonly bytes: Uint8Array
  readonly access: MappingAccess
}

/** Memory of which it is known what is mapped where. */
export interface MappedMemory {
  readonly pieces: readonly MappedPiece[]
  /** How often that has changed. */
  readonly changes: number
}

/** A process's memory in pieces that are mapped somewhere: everything else faults. */
export class ProcessMemory implements UserMemory, MappedMemory {
  #pieces: readonly MappedPiece[] = []
  #changes = 0

  /** What is mapped and may be touched. */
  get pieces(): readonly MappedPiece[] {
    return this.#pieces.filter(({ access }) => access !== 'none')
  }

  get changes(): number {
    return this.#changes
  }

  /**
   * Maps bytes at an address: they are shared, not copied.
   * @throws {RangeError} if something is mapped there.
   */
  map(address: bigint, bytes: Uint8Array, access: MappingAccess = 'write'): void {
    const end = address + BigInt(bytes.length)
    const clash = this.#pieces.some(
      (piece) => address < piece.address + BigInt(piece.bytes.length) && piece.address < end,
    )
    if (clash) throw new RangeError(`something is mapped at 0x${address.toString(16)} already`)
    this.#set([...this.#pieces, { address, bytes, access }])
  }

  /** Lets the process do something else with a stretch of what is mapped. `mprotect`. */
  protect(address: bigint, length: number, access: MappingAccess): void {
    const end = address + BigInt(length)
    this.#set(this.#pieces.flatMap((piece) => [...cut(piece, address, end, access)]))
  }

  #set(pieces: readonly MappedPiece[]): void {
    this.#pieces = pieces
    this.#changes += 1
  }

  /** Takes away what was mapped at this very address. */
  unmap(address: bigint): void {
    this.#set(this.#pieces.filter((piece) => piece.address !== address))
  }

  read(address: bigint, length: number): Uint8Array | undefined {
    const copy = new Uint8Array(length)
    const whole = this.#each(address, length, 'read', (part, at) => copy.set(part, at))
    return whole ? copy : undefined
  }

  write(address: bigint, bytes: Uint8Array): boolean {
    return this.#each(address, bytes.length, 'write', (part, at) => part.set(bytes.subarray(at, at + part.length)))
  }

  #each(
    address: bigint,
    length: number,
    access: 'read' | 'write',
    visit: (part: Uint8Array, at: number) => void,
  ): boolean {
    for (let at = 0; at < length; ) {
      const part = this.#at(address + BigInt(at), length - at, access)
      if (part === undefined) return false
      visit(part, at)
      at += part.length
    }
    return true
  }

  #at(address: bigint, most: number, access: 'read' | 'write'): Uint8Array | undefined {
    const piece = this.#pieces.find(
      (each) => address >= each.address && address < each.address + BigInt(each.bytes.length),
    )
    if (piece === undefined || piece.access === 'none') return undefined
    if (access === 'write' && piece.access === 'read') return undefined
    const offset = Number(address - piece.address)
    return piece.bytes.subarray(offset, offset + most)
  }
}

/** A piece in up to three, of which the one within a stretch may be used otherwise. */
function* cut(piece: MappedPiece, from: bigint, to: bigint, access: MappingAccess): Generator<MappedPiece> {
  const length = BigInt(piece.bytes.length)
  const within = (address: bigint) => {
    const at = address - piece.address
    return Number(at < 0n ? 0n : at > length ? length : at)
  }
  const [start, end] = [within(from), within(to)]
  const part = (first: number, last: number, how: MappingAccess): MappedPiece[] =>
    first < last
      ? [{ address: piece.address + BigInt(first), bytes: piece.bytes.subarray(first, last), access: how }]
      : []
  yield* part(0, start, piece.access)
  yield* part(start, end, access)
  yield* part(Math.max(start, end), piece.bytes.length, piece.access)
}

/** The same memory, with every copy told to someone. */
export function observed(memory: UserMemory, tell: (copy: Copy) => void): UserMemory {
  return {
    read(address, length) {
      const bytes = memory.read(address, length)
      tell({ direction: 'from user', address, length, bytes })
      return bytes
    },
    write(address, bytes) {
      const wrote = memory.write(address, bytes)
      tell({ direction: 'to user', address, length: bytes.length, bytes: wrote ? bytes.slice() : undefined })
      return wrote
    },
  }
}
