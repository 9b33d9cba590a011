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

interface Piece {
  readonly address: bigint
  readonly bytes: Uint8Array
}

/** A process's memory in pieces that are mapped somewhere: everything else faults. */
export class ProcessMemory implements UserMemory {
  #pieces: readonly Piece[] = []

  /**
   * Maps bytes at an address: they are shared, not copied.
   * @throws {RangeError} if something is mapped there.
   */
  map(address: bigint, bytes: Uint8Array): void {
    const end = address + BigInt(bytes.length)
    const clash = this.#pieces.some(
      (piece) => address < piece.address + BigInt(piece.bytes.length) && piece.address < end,
    )
    if (clash) throw new RangeError(`something is mapped at 0x${address.toString(16)} already`)
    this.#pieces = [...this.#pieces, { address, bytes }]
  }

  /** Takes away what was mapped at this very address. */
  unmap(address: bigint): void {
    this.#pieces = this.#pieces.filter((piece) => piece.address !== address)
  }

  read(address: bigint, length: number): Uint8Array | undefined {
    const copy = new Uint8Array(length)
    const whole = this.#each(address, length, (part, at) => copy.set(part, at))
    return whole ? copy : undefined
  }

  write(address: bigint, bytes: Uint8Array): boolean {
    return this.#each(address, bytes.length, (part, at) => part.set(bytes.subarray(at, at + part.length)))
  }

  #each(address: bigint, length: number, visit: (part: Uint8Array, at: number) => void): boolean {
    for (let at = 0; at < length; ) {
      const part = this.#at(address + BigInt(at), length - at)
      if (part === undefined) return false
      visit(part, at)
      at += part.length
    }
    return true
  }

  #at(address: bigint, most: number): Uint8Array | undefined {
    const piece = this.#pieces.find(
      (each) => address >= each.address && address < each.address + BigInt(each.bytes.length),
    )
    if (piece === undefined) return undefined
    const offset = Number(address - piece.address)
    return piece.bytes.subarray(offset, offset + most)
  }
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
