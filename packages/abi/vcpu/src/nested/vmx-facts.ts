import { allowedCet } from '@vmm/msr'
import {
  type CompiledEntryChecks,
  compileEntryChecks,
  type EntryFacts,
  type EntryProcessor,
  type FixedBits,
  fixedBits,
  liveLayout,
  type NestedVcpu,
  nestedVcpu,
  noAddress,
  stateCells,
  type VmxMsrs,
  type VmxState,
  vmxMsrs,
  wordAt,
} from '@vmm/nested-vmx'
import type { VmxParts } from './vmx-parts.ts'

const [la57, lme, lma] = [0x1000, 0xd01n, 0x400]

/** What the checks of VMX look at of a vCPU. Capabilities are looked up once, until somebody may have changed them. */
export class VmxFacts {
  readonly #parts: VmxParts
  #msrs: VmxMsrs | undefined
  #fixedBits: FixedBits | undefined
  #checks: { readonly processor: EntryProcessor; readonly compiled: CompiledEntryChecks } | undefined
  /** Nothing can have changed since they were compiled. */
  #isSure = false
  readonly #state: VmxState
  #vcpu: NestedVcpu | undefined
  /** What an entry looks at beside its VMCS. */
  readonly around: EntryFacts

  constructor(parts: VmxParts, state: VmxState) {
    this.#parts = parts
    this.#state = state
    this.around = new AroundEntry(parts, state)
  }

  /** User space may have changed them, and with them what passes. */
  forget(): void {
    this.#msrs = undefined
    this.#fixedBits = undefined
    this.#vcpu = undefined
    this.#isSure = false
    this.#state.forgetChecks()
    this.#parts.engine().known?.fields.forget()
  }

  /** The capability MSRs as the guest is told. */
  get msrs(): VmxMsrs {
    this.#msrs ??= this.#read()
    return this.#msrs
  }

  /** What they fix of control registers. */
  get fixedBits(): FixedBits {
    this.#fixedBits ??= fixedBits(this.msrs)
    return this.#fixedBits
  }

  /** What the processor checks of entries: compiled anew where capabilities have changed. */
  get checks(): CompiledEntryChecks {
    if (this.#checks !== undefined && this.#isSure) return this.#checks.compiled
    this.#isSure = true
    const { guest } = this.#parts
    const { physicalAddressWidth } = guest
    const linearAddressWidth = guest.has('LA57') ? 57 : 48
    const { msrs: vmx } = this
    const processor: EntryProcessor = { ...bits, physicalAddressWidth, linearAddressWidth, vmx }
    if (this.#checks === undefined || !isSame(this.#checks.processor, processor))
      this.#checks = { processor, compiled: compileEntryChecks(processor, liveLayout) }
    return this.#checks.compiled
  }

  /** The vCPU as it is when somebody looks. */
  get vcpu(): NestedVcpu {
    this.#vcpu ??= this.#checked()
    return this.#vcpu
  }

  #checked(): NestedVcpu {
    const { guest, events } = this.#parts
    const engine = this.#parts.engine()
    const state = this.#state
    return {
      ...plain,
      vmx: this.msrs,
      allowedCr4: engine.get('CR4_ALLOWED'),
      allowedSCet: allowedCet((feature) => guest.has(feature)),
      hasVmx: guest.has('VMX'),
      physicalAddressWidth: guest.physicalAddressWidth,
      allowedEfer: lme,
      get inSmm() {
        return events().smm
      },
      get linearAddressWidth() {
        return (engine.word('CR4') & la57) === 0 ? 48 : 57
      },
      get cr0() {
        return engine.get('CR0')
      },
      get cr3() {
        return engine.get('CR3')
      },
      get efer() {
        return engine.get('IA32_EFER')
      },
      get linkedRevision() {
        return wordAt(engine, state.hasCurrent ? state.vmcs.read('VMCS_LINK_POINTER') : noAddress)
      },
    }
  }

  #read(): VmxMsrs {
    const told = vmxMsrs((index) => {
      const value = this.#parts.msrs.host('read', index, 0n)
      return value === 0n ? undefined : value
    })
    return { ...told, IA32_VMX_CR4_FIXED1: this.#parts.engine().get('CR4_ALLOWED') }
  }
}

const plain = nestedVcpu('vmx')
const bits = {
  allowedEfer: lme,
  allowedDebugctl: plain.allowedDebugctl | 3n,
  allowedPerfGlobalCtrl: plain.allowedPerfGlobalCtrl,
} as const

function isSame(one: EntryProcessor, other: EntryProcessor): boolean {
  const names = Object.keys(one.vmx) as (keyof VmxMsrs)[]
  return (
    one.physicalAddressWidth === other.physicalAddressWidth &&
    one.linearAddressWidth === other.linearAddressWidth &&
    names.every((name) => one.vmx[name] === other.vmx[name])
  )
}

/** A class, because to V8 a literal with getters is a hash table. */
class AroundEntry implements EntryFacts {
  readonly #parts: VmxParts
  readonly #state: VmxState

  constructor(parts: VmxParts, state: VmxState) {
    this.#parts = parts
    this.#state = state
  }

  get longMode(): boolean {
    return (stateCells(this.#parts.engine()).IA32_EFER.word & lma) !== 0
  }

  get inSmm(): boolean {
    return this.#parts.events().smm
  }

  get currentVmcs(): number {
    return Number(this.#state.current)
  }

  readonly memory = (address: number): number | undefined => wordAt(this.#parts.engine(), BigInt(address))
}
