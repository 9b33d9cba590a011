import { createHash } from 'node:crypto'
import { type Saved, savedText } from '@vmm/device'
import type { SavedVm } from '@vmm/kvm'
import type { SavedMemory } from '@vmm/wasm-engine'
import type { SavedTurns } from './turns.ts'

/** Of what `Machine.save` gives; another one cannot be taken back. */
export const savedVersion = 4

/** A machine as plain data. */
export interface SavedMachine extends SavedVm {
  readonly version: number
  readonly devices: Saved
  /** Nanoseconds that the clock is ahead of the instructions. */
  readonly warp: number
  /** Which processor's turn it is. */
  readonly turns: SavedTurns
  /** Where the sequence of random numbers is. */
  readonly random: bigint
}

/** SHA-256 over everything but memory as a text, the count of instructions, and every stretch of memory in use. */
export function hashOf(small: unknown, retired: number, memory: Iterable<SavedMemory>): string {
  const hash = createHash('sha256').update(`${retired} ${savedText(small)}`)
  for (const { address, bytes } of memory) hash.update(` ${address} ${bytes.length} `).update(bytes)
  return hash.digest('hex')
}
