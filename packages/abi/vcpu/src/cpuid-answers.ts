import { type CpuidAnswer, findEntry, lookup, runtimeUpdate, vendorRulesOf } from '@vmm/cpuid'
import type { Refused } from '@vmm/x86-semantics'
import type { Engine } from './engine-port.ts'
import type { Guest } from './guest.ts'
import type { VcpuMachine } from './machine.ts'
import type { Trace } from './trace.ts'

/** Answers a guest's CPUID, leaf and sub-leaf of 32 bits each, or has it fault. */
export type AnswersCpuid = (leaf: number, subleaf: number) => CpuidAnswer | Refused

/** CPUID as one vCPU answers it: its table, with the bits that follow CR4, XCR0, IA32_XSS and IA32_APIC_BASE. */
export class CpuidAnswers {
  readonly #guest: Pick<Guest, 'table'>
  readonly #trace: Trace | undefined
  /** Who answers in place of the table. */
  by: AnswersCpuid | undefined

  constructor(guest: Pick<Guest, 'table'>, trace: Trace | undefined) {
    this.#guest = guest
    this.#trace = trace
  }

  answer(
    engine: Engine,
    machine: VcpuMachine,
    leaf: number,
    subleaf: number,
  ): readonly [eax: number, ebx: number, ecx: number, edx: number] | Refused {
    const answered = this.by?.(leaf, subleaf) ?? this.#byTable(engine, machine, leaf, subleaf)
    if ('kind' in answered) return answered
    const { eax, ebx, ecx, edx } = answered
    const answer = [eax, ebx, ecx, edx] as const
    if (this.#trace !== undefined) {
      const found = findEntry(this.#guest.table, leaf, subleaf) !== undefined
      this.#trace({ kind: 'kvm_cpuid', function: leaf, index: subleaf, answer, found })
    }
    return answer
  }

  #byTable(engine: Engine, machine: VcpuMachine, leaf: number, subleaf: number): CpuidAnswer {
    const table = runtimeUpdate(this.#guest.table, {
      cr4: engine.get('CR4'),
      xcr0: engine.get('XCR0'),
      xss: engine.get('IA32_XSS'),
      apicBase: machine.readApicMsr(0x1b) ?? 0n,
    })
    return lookup(table, leaf, subleaf, vendorRulesOf(table))
  }
}
