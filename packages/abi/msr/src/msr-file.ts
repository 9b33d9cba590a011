import type { Feature, VendorRules } from '@vmm/cpuid'
import { msrAt, msrs } from './all.ts'
import type { HyperVGuest, Initiator, Msr, MsrGuest, MsrHome, PerfmonGuest, WriteRequest } from './msr.ts'
import { decideRead, decideWrite, type MsrRefused, refusedMsr, writableMask } from './verdict.ts'

/** What surrounds an access: who makes it, and the control registers that matter. */
export type Surroundings = Pick<WriteRequest, 'initiator' | 'cr0Paging' | 'linearAddressWidth'>

/** The CPU that an MSR file belongs to. */
export interface MsrFileOptions {
  readonly has: (feature: Feature) => boolean
  readonly vendor?: VendorRules
  /** MAXPHYADDR. Asked at each access: a table may be replaced. */
  readonly physicalAddressWidth?: number
  /** Left out, there is no performance monitoring unit. */
  readonly perfmon?: PerfmonGuest
  /** Left out, the guest does not run on Hyper-V. */
  readonly hyperV?: HyperVGuest
  /** Values after reset that differ from the rows', by index. */
  readonly resetValues?: ReadonlyMap<number, bigint>
  /** The value of a register that lives elsewhere, as a write's starting point; left out, it is 0. */
  readonly readElsewhere?: (kept: MsrHome, index: number) => bigint
}

/** An access that another part must complete: the verdict is done, the value is not here. */
export interface Elsewhere {
  readonly kind: 'elsewhere'
  readonly kept: MsrHome
  readonly index: number
}

/** What RDMSR gives: a value, the register that keeps it elsewhere, or a refusal. */
export type MsrRead = { readonly kind: 'value'; readonly value: bigint } | Elsewhere | MsrRefused

/** What WRMSR does: the file stored the value, somebody else must, or it is refused. */
export type MsrWrite =
  | { readonly kind: 'stored'; readonly value: bigint }
  /** The value to put where the register lives. */
  | (Elsewhere & { readonly value: bigint })
  | MsrRefused

/** A saved register. */
export interface SavedMsr {
  readonly index: number
  readonly value: bigint
}

/**
 * The MSRs of one CPU: keeps the plain ones, and gives a verdict on all. Registers that live elsewhere (in the engine,
 * the APIC, a clock) are named in the answer, so that a vCPU can route the access.
 */
export class MsrFile {
  readonly #guest: MsrGuest
  readonly #resetValues: ReadonlyMap<number, bigint>
  readonly #readElsewhere: (kept: MsrHome, index: number) => bigint
  readonly #values = new Map<number, bigint>()

  constructor(options: MsrFileOptions) {
    this.#resetValues = options.resetValues ?? new Map()
    this.#readElsewhere = options.readElsewhere ?? (() => 0n)
    this.#guest = {
      has: options.has,
      vendor: options.vendor ?? 'intel',
      get physicalAddressWidth() {
        return options.physicalAddressWidth ?? 46
      },
      peek: (index) => this.#values.get(index) ?? 0n,
      ...(options.perfmon === undefined ? {} : { perfmon: options.perfmon }),
      ...(options.hyperV === undefined ? {} : { hyperV: options.hyperV }),
    }
    this.reset()
  }

  /** The CPU as rows see it. */
  get guest(): MsrGuest {
    return this.#guest
  }

  /** RDMSR, or one entry of KVM_GET_MSRS. */
  read(index: number, initiator: Initiator = 'guest'): MsrRead {
    const msr = msrAt(index)
    if (msr === undefined) return unknown(index)
    const verdict = decideRead(msr, initiator, this.#guest)
    if (verdict.kind === 'refused') return verdict
    if (isHere(msr)) return { kind: 'value', value: this.#values.get(index >>> 0) ?? 0n }
    return { kind: 'elsewhere', kept: msr.kept, index: index >>> 0 }
  }

  /** WRMSR, or one entry of KVM_SET_MSRS. A refused write changes nothing. */
  write(index: number, value: bigint, surroundings: Surroundings): MsrWrite {
    const msr = msrAt(index)
    if (msr === undefined) return unknown(index)
    const at = index >>> 0
    const before = isHere(msr) ? (this.#values.get(at) ?? 0n) : this.#readElsewhere(msr.kept, at)
    const verdict = decideWrite(msr, { ...surroundings, before, after: value }, this.#guest, at)
    if (verdict.kind === 'refused') return verdict
    if (!isHere(msr)) return { kind: 'elsewhere', kept: msr.kept, index: at, value: verdict.value }
    if (msr.kept === 'plain') this.#values.set(at, verdict.value)
    return verdict
  }

  /** Power-up: every plain register as the options, or its row, say. */
  reset(): void {
    this.#values.clear()
    for (const msr of msrs.filter(({ kept }) => kept === 'plain')) {
      const given = this.#resetValues.get(msr.index)
      this.#values.set(msr.index, given ?? msr.reset & writableMask(msr, this.#guest))
    }
  }

  /** Every plain register, by index. */
  save(): readonly SavedMsr[] {
    return [...this.#values].map(([index, value]) => ({ index, value }))
  }

  /** Puts saved registers back as they were; those not listed keep what they have. */
  restore(saved: readonly SavedMsr[]): void {
    for (const { index, value } of saved) {
      if (!this.#values.has(index)) throw new RangeError(`no plain MSR 0x${index.toString(16)} to restore`)
      this.#values.set(index, BigInt.asUintN(64, value))
    }
  }
}

/** Makes the MSR file of one CPU. */
export function createMsrFile(options: MsrFileOptions): MsrFile {
  return new MsrFile(options)
}

const isHere = ({ kept }: Msr) => kept === 'plain' || kept === 'nothing'

function unknown(index: number): MsrRefused {
  return refusedMsr('unknown', `nobody knows MSR 0x${(index >>> 0).toString(16)}`)
}
