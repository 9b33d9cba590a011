import {
  type CompiledEntryChecks,
  compileEntryChecks,
  type EntryFacts,
  type EntryProcessor,
  type NestedVcpu,
  nestedVcpu,
  type VmxMsrs,
  vmxMsrs,
  wordAt,
} from '@vmm/nested-vmx'
import type { VmxParts } from './vmx-parts.ts'

const [la57, lme, lma] = [1n << 12n, 0xd01n, 0x400n]

/** What the checks of VMX look at of a vCPU. Capabilities are looked up once, until somebody may have changed them. */
export class VmxFacts {
  readonly #parts: VmxParts
  #msrs: VmxMsrs | undefined
  #checks: { readonly processor: EntryProcessor; readonly compiled: CompiledEntryChecks } | undefined
  /** Nothing can have changed since they were compiled. */
  #isSure = false
  /** What an entry looks at beside its VMCS. */
  readonly around: EntryFacts

  constructor(parts: VmxParts, currentVmcs: () => bigint) {
    this.#parts = parts
    this.around = aroundEntry({ ...parts, currentVmcs })
  }

  /** User space may have changed them. */
  forget(): void {
    this.#msrs = undefined
    this.#isSure = false
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
      this.#checks = { processor, compiled: compileEntryChecks(processor) }
    return this.#checks.compiled
  }

  /** A VMCS that is linked is at `link`. */
  checked(link: bigint): NestedVcpu {
    const { guest, events } = this.#parts
    const engine = this.#parts.engine()
    const vmx = this.msrs
    const allowedCr4 = engine.get('CR4_ALLOWED')
    return {
      ...plain,
      vmx,
      allowedCr4,
      hasVmx: guest.has('VMX'),
      inSmm: events().smm,
      physicalAddressWidth: guest.physicalAddressWidth,
      linearAddressWidth: (engine.get('CR4') & la57) === 0n ? 48 : 57,
      allowedEfer: lme,
      cr0: engine.get('CR0'),
      cr3: engine.get('CR3'),
      efer: engine.get('IA32_EFER'),
      linkedRevision: wordAt(engine, link),
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
      return (engine().get('IA32_EFER') & lma) !== 0n
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
