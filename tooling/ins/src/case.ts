import type { ExceptionName, rflags, StateField } from '@vmm/x86-registers'
import type { ModeName } from './environments.ts'

/** A flag of RFLAGS of one bit. */
export type FlagName = Exclude<keyof typeof rflags, 'IOPL'>

/** One thing that is known before or after an instruction. */
export type Item =
  | {
      readonly kind: 'gpr'
      readonly index: number
      readonly width: 8 | 16 | 32 | 64
      readonly highByte: boolean
      readonly value: bigint
    }
  /** 128 bits, of which XMM leaves what is above, or 256. */
  | { readonly kind: 'xmm' | 'ymm'; readonly index: number; readonly value: bigint }
  /** 64 bits: the significand of an x87 register, by its physical number. */
  | { readonly kind: 'mm'; readonly index: number; readonly value: bigint }
  /** 80 bits, counted from TOP. */
  | { readonly kind: 'st'; readonly index: number; readonly value: bigint }
  | { readonly kind: 'field'; readonly field: StateField; readonly value: bigint }
  | { readonly kind: 'iopl'; readonly value: bigint }
  | { readonly kind: 'flag'; readonly flag: FlagName; readonly value: boolean }
  /** Bytes at a linear address. */
  | { readonly kind: 'memory'; readonly address: number; readonly bytes: Uint8Array }
  /** What the surroundings answer (before) or are told (after). */
  | { readonly kind: 'port' | 'msr'; readonly number: number; readonly value: bigint }

/** How an instruction ends. */
export type Ending =
  | { readonly kind: 'done' }
  | { readonly kind: 'fault'; readonly exception: ExceptionName; readonly code: number | undefined }
  | { readonly kind: 'exit'; readonly reason: string }

/** One case: an instruction in a mode, the state before it and what it changes. Everything else stays. */
export interface InsCase {
  /** `file:line`. */
  readonly place: string
  /** Who says so: `cpu …` or `sdm …`. */
  readonly source: string
  readonly mode: ModeName
  readonly bytes: Uint8Array
  /** The instruction in our formatter's words, or `(bad)`. */
  readonly text: string
  readonly before: readonly Item[]
  readonly after: readonly Item[]
  /** Flags that the manual leaves undefined: nobody looks at them afterwards. */
  readonly undefinedFlags: ReadonlySet<FlagName>
  readonly ending: Ending
}

/** What stands for bytes that are no instruction. */
export const bad = '(bad)'
