import { findEntry, lookup, runtimeUpdate, vendorRulesOf } from '@vmm/cpuid'
import type { Engine } from './engine-port.ts'
import type { Guest } from './guest.ts'
import type { VcpuMachine } from './machine.ts'
import type { Trace } from './trace.ts'

/** CPUID as one vCPU answers it: its table, with the bits that follow CR4, XCR0, IA32_XSS and IA32_APIC_BASE. */
export class CpuidAnswers {
  readonly #guest: Pick<Guest, 'table'>
  readonly #trace: Trace | undefined

  constructor(guest: Pick<Guest, 'table'>, trace: Trace | undefined) {
    this.#guest = guest
    this.#trace = trace
  }

  answer(
    engine: Engine,
    machine: VcpuMachine,
    leaf: number,
    subleaf: number,
  ): readonly [number, number, number, number] {
    const table = runtimeUpdate(this.#guest.table, {
      cr4: engine.get('CR4'),
      xcr0: engine.get('XCR0'),
      xss: engine.get('IA32_XSS'),
      apicBase: machine.readApicMsr(0x1b) ?? 0n,
    })
    const { eax, ebx, ecx, edx } = lookup(table, leaf, subleaf, vendorRulesOf(table))
    const answer = [eax, ebx, ecx, edx] as const
    if (this.#trace !== undefined) {
      const found = findEntry(table, leaf, subleaf) !== undefined
      this.#trace({ kind: 'kvm_cpuid', function: leaf, index: subleaf, answer, found })
    }
    return answer
  }
}
