import { linearMemory } from '../linked-interpreter.ts'
import { hasRoomFor, mapOfThread, type ThreadsSize } from '../memory-map.ts'
import type { Memory } from '../webassembly.ts'

/** The memory of a guest whose processors run in several threads. It can be sent to them as it is. */
export interface SharedGuest extends ThreadsSize {
  readonly memory: Memory
}

/**
 * Memory for so many threads, and so many bytes of guest memory that they share.
 * @throws {RangeError} if there are too many, or no such memory can be had.
 */
export function shareGuest(size: ThreadsSize): SharedGuest {
  if (!hasRoomFor(size))
    throw new RangeError(`${size.threads} threads and ${size.memoryBytes} bytes are too much for one memory`)
  return { ...size, memory: linearMemory(mapOfThread(0, size).memoryBase + size.memoryBytes) }
}

/** The guest's memory in it. */
export function guestBytes({ memory, ...size }: SharedGuest): Uint8Array {
  return new Uint8Array(memory.buffer, mapOfThread(0, size).memoryBase, size.memoryBytes)
}
