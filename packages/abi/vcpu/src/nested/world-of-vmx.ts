import type {
  CompiledEntryChecks,
  EntryFacts,
  Forgotten,
  NestedVcpu,
  VmxMsrs,
  VmxRules,
  VmxState,
  VmxWorld,
} from '@vmm/nested-vmx'
import type { Engine } from '../engine-port.ts'
import type { VmxFacts } from './vmx-facts.ts'
import type { VmxParts } from './vmx-parts.ts'

const IA32_FEATURE_CONTROL = 0x3a
const address = 0xf_ffff_ffff_f000n

/** What VMX instructions of a vCPU look at: most look at little of it. A class, because to V8 a literal with getters is a hash table. */
export class WorldOfVmx implements VmxWorld {
  readonly state: VmxState
  readonly rules: VmxRules
  readonly around: EntryFacts
  readonly #parts: VmxParts
  readonly #facts: VmxFacts

  constructor(parts: VmxParts, state: VmxState, facts: VmxFacts) {
    this.state = state
    this.rules = parts.promises.vmx
    this.around = facts.around
    this.#parts = parts
    this.#facts = facts
  }

  get memory(): Engine {
    return this.#parts.engine()
  }

  get checks(): CompiledEntryChecks {
    return this.#facts.checks
  }

  get msrs(): VmxMsrs {
    return this.#facts.msrs
  }

  get vcpu(): NestedVcpu {
    return this.#facts.vcpu
  }

  get cr4(): bigint {
    return this.#parts.engine().get('CR4')
  }

  get featureControl(): bigint {
    return this.#parts.msrs.peek(IA32_FEATURE_CONTROL) ?? 0n
  }

  get blockedByMovSs(): boolean {
    const engine = this.#parts.engine()
    return engine.shadowed && engine.word('SHADOW_KIND') !== 0
  }

  /** INVEPT and INVVPID. Source: SDM 3C 29.4.3.1. */
  forget(which: Forgotten): void {
    const engine = this.#parts.engine()
    switch (which.kind) {
      case 'eptp':
        return engine.forgetTranslations(({ eptp }) => eptp !== 0n && ((eptp ^ which.eptp) & address) === 0n)
      case 'every eptp':
        return engine.forgetTranslations(({ eptp }) => eptp !== 0n)
      case 'vpid':
        return engine.forgetTranslations(({ vpid }) => vpid === which.vpid, which.linear)
      default:
        return engine.forgetTranslations(({ vpid }) => vpid !== 0)
    }
  }
}
