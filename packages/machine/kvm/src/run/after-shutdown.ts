import type { Vcpu } from '@vmm/vcpu'
import { inRelease } from '../in-release.ts'
import { shutDown } from '../rules/run/shut-down.behaviour.ts'
import type { Memslot } from '../rules/set-user-memory-region/case.ts'
import type { Vm } from '../vm.ts'

/** The vCPU of a guest that may shut down. */
interface Ended {
  readonly vm: Pick<Vm, 'kvm' | 'slots'>
  readonly vcpu: Vcpu
}

/** CR0.PG, and what VMCBs begin with. */
const PG = 1n << 31n
const cacheOff = 0x6000_0000n

/** What KVM looks at to find out whether its page tables must be made anew. */
const deciding = ['CR0', 'CR3', 'CR4', 'IA32_EFER'] as const

/** What a triple fault leaves of a vCPU, and how it goes on. */
export class AfterShutdown {
  readonly #ended: Ended
  readonly #shutDown
  #lost: { readonly registers: readonly bigint[]; readonly slots: readonly Memslot[] } | undefined

  constructor(ended: Ended) {
    this.#ended = ended
    this.#shutDown = inRelease(shutDown, ended.vm.kvm.profile)
  }

  /** The guest has ended. */
  happen(): void {
    const { vm, vcpu } = this.#ended
    const { drivenBy: driver } = vm.kvm.processorHost
    const paging = (vcpu.engine.get('CR0') & PG) !== 0n
    const { registers, pageTables } = this.#shutDown({ driver, paging })
    if (registers === 'none') vcpu.initialize()
    else if (registers === 'the general ones') this.#beginVmcb()
    this.#lost = pageTables === 'lost' ? { registers: this.#registers(), slots: vm.slots } : undefined
  }

  /** Page tables are looked for anew. */
  forget(): void {
    this.#lost = undefined
  }

  /** Whether it is entered and executes nothing. Registers that are set otherwise, and slots that go, bring page tables back. */
  get goesNowhere(): boolean {
    if (this.#lost === undefined) return false
    const { registers, slots } = this.#lost
    const now = this.#registers()
    const there = this.#ended.vm.slots
    const same = registers.every((value, at) => value === now[at]) && slots.every((slot) => there.includes(slot))
    if (!same) this.forget()
    return same
  }

  #registers(): readonly bigint[] {
    return deciding.map((name) => this.#ended.vcpu.engine.get(name))
  }

  #beginVmcb(): void {
    const { vcpu } = this.#ended
    const { rip: _began, rflags: _clear, ...general } = vcpu.state.getRegs()
    vcpu.initialize()
    vcpu.state.setRegs({ ...vcpu.state.getRegs(), ...general })
    vcpu.engine.set('CR0', vcpu.engine.get('CR0') | cacheOff)
  }
}
