import type { Assembler } from '@vmm/x86-assembler'
import type { StateField } from '@vmm/x86-registers'
import type { Stored } from './machine.ts'
import type { ModeName } from './scenery.ts'

/** Something that happens to a program from outside, when it has retired so many instructions. */
export type Happening =
  | { readonly at: number; readonly kind: 'interrupt'; readonly vector: number }
  | { readonly at: number; readonly kind: 'nmi' }
  | ({ readonly at: number; readonly kind: 'store' } & Stored)

/** Code at another address, of the mode's size unless told. */
export interface Elsewhere {
  readonly address: number
  readonly codeSize?: 16 | 32 | 64
  readonly write: (a: Assembler) => unknown
}

/** A program that every engine must run alike. It ends with HLT while interrupts are off, or by its limit. */
export interface Program {
  readonly name: string
  readonly mode: ModeName
  /** Its code at `at.code`. A label `vector14` is the handler of that vector. */
  readonly write: (a: Assembler) => unknown
  /** Instructions at most; 20,000 unless told. */
  readonly limit?: number
  /** It is meant to end in a vector that it does not handle. */
  readonly endsInFault?: true
  readonly fields?: Partial<Record<StateField, bigint>>
  readonly rflags?: bigint
  /** Code that it does not begin with, assembled for its place, by address. */
  readonly elsewhere?: readonly Elsewhere[]
  /** Memory behind the scenery. */
  readonly memory?: readonly (readonly [address: number, bytes: Uint8Array])[]
  /** What devices store when they are told its number. */
  readonly stores?: readonly Stored[]
  /** What the device at `codeDevice` reads as. */
  readonly deviceCode?: (a: Assembler) => unknown
  /** What happens to it in every run. */
  readonly happens?: readonly Happening[]
  /** Counts of instructions at which an interrupt of vector 41H comes, one run each: from, up to, step. */
  readonly interruptedAt?: readonly [from: number, to: number, step: number]
}
