import { type CpuidTable, findEntry, lookup, runtimeUpdate, vendorRulesOf } from '@vmm/cpuid'
import type { Engine } from './engine-port.ts'
import type { VcpuMachine } from './machine.ts'
import type { Trace } from './trace.ts'

/** CPUID as one vCPU answers it: its table, with the bits that follow CR4, XCR0, IA32_XSS and IA32_APIC_BASE. */
export class CpuidAnswers {
  readonly #table: CpuidTable

  readonly #trace: Trace | undefined

  constructor(table: CpuidTable, trace: Trace | undefined) {
    this.#table = table
    this.#trace = trace
  }

  answer(
    engine: Engine,
    machine: VcpuMachine,
    leaf: number,
    subleaf: number,
  ): readonly [number, number, number, number] {
    const table = runtimeUpdate(this.#table, {
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

  /** The bits of XCR0 that leaf 0DH offers. */
  get supportedXcr0(): bigint {
    const { eax, edx } = lookup(this.#table, 0x0d, 0, 'intel')
    return (BigInt(edx >>> 0) << 32n) | BigInt(eax >>> 0)
  }

  /** Family, model and stepping as leaf 1 tells them. */
  get signature(): number {
    return lookup(this.#table, 1, 0, 'intel').eax
  }
}
