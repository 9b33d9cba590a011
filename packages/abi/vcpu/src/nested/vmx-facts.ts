import {
  type CompiledEntryChecks,
  compileEntryChecks,
  type EntryFacts,
  type EntryProcessor,
  liveLayout,
  type NestedVcpu,
  nestedVcpu,
  noAddress,
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
    this.around = aroundEntry({ ...parts, currentVmcs: () => state.current })
  }

  /** User space may have changed them, and with them what passes. */
  forget(): void {
    this.#msrs = undefined
    this.#vcpu = undefined
    this.#isSure = false
    this.#state.forgetChecks()
  }

  /** The capability MSRs as the guest is told. */
  get msrs(): VmxMsrs {
    this.#msrs ??= this.#read()
    return this.#msrs
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

function aroundEntry({ engine, events, currentVmcs }: VmxParts & { readonly currentVmcs: () => bigint }): EntryFacts {
  return {
    get longMode() {
      return (engine().word('IA32_EFER') & lma) !== 0
    },
    get inSmm() {
      return events().smm
    },
    get currentVmcs() {
      return Number(currentVmcs())
    },
    memory: (address) => wordAt(engine(), BigInt(address)),
  }
}
