import type { ProcessorState } from '@vmm/processors'

/** What became of one instruction. */
export interface Step {
  /** Undefined: it completed. Else the vector of its exception, which has not been delivered. */
  readonly vector: number | undefined
  readonly errorCode: number
}

/** A processor to be looked into, whatever runs it. Memory is physical and begins at 0. */
export interface Vcpu extends ProcessorState {
  readonly name: string
  /** Copies all vector registers out, and in: 256 bytes of XMM, and 256 of what lies above it in YMM. */
  readVectors(xmm: Uint8Array, above: Uint8Array): void
  writeVectors(xmm: Uint8Array, above: Uint8Array): void
  /** Brings what is derived from the state up to date, once it has been set. */
  ready(): void
  readMemory(address: number, bytes: number): Uint8Array
  writeMemory(address: number, bytes: Uint8Array): void
  /** Runs one instruction, or one element of a repeated one. */
  step(): Step
  /** It runs more than one at a time, where more follow: faults of those are no fault of the first. */
  readonly runsOn?: true
}

/** What a run or a step came to, as far as a fault tells. */
export function stepOf(
  came:
    | { readonly kind: string }
    | { readonly kind: 'fault'; readonly vector: number; readonly errorCode: number | undefined },
): Step {
  return 'vector' in came
    ? { vector: came.vector, errorCode: came.errorCode ?? 0 }
    : { vector: undefined, errorCode: 0 }
}
