import { linearMemory, wasmPageBytes } from '../linked-interpreter.ts'
import { mapOfThread, threadsAtMost } from '../memory-map.ts'
import { vcpuBytes } from '../state-layout.ts'
import type { Memory } from '../webassembly.ts'

/** The memory of a guest whose processors run in threads of their own. It can be sent to them as it is. */
export interface SharedGuest {
  readonly memory: Memory
  /** How many there are. */
  readonly processors: number
  readonly memoryBytes: number
}

/** Where the vCPU blocks of processors begin that run at the same time: behind guest memory. */
export function vcpusFrom({ processors, memoryBytes }: Omit<SharedGuest, 'memory'>): number {
  const end = mapOfThread(0, processors).memoryBase + memoryBytes
  return Math.ceil(end / wasmPageBytes) * wasmPageBytes
}

/**
 * Memory for so many processors, and so many bytes of guest memory that they share.
 * @throws {RangeError} if there are too many, or no such memory can be had.
 */
export function shareGuest(size: Omit<SharedGuest, 'memory'>): SharedGuest {
  const end = vcpusFrom(size) + size.processors * vcpuBytes
  if (size.processors > threadsAtMost || end > 2 ** 32 - wasmPageBytes)
    throw new RangeError(`${size.processors} processors and ${size.memoryBytes} bytes are too much for one memory`)
  return { ...size, memory: linearMemory(end) }
}

/** The guest's memory in it. */
export function guestBytes({ memory, processors, memoryBytes }: SharedGuest): Uint8Array {
  return new Uint8Array(memory.buffer, mapOfThread(0, processors).memoryBase, memoryBytes)
}
