import { buildTable } from '@vmm/cpuid'
import { nobody, Vcpu, type VcpuExit, type VcpuMachine, type VcpuOptions } from '@vmm/vcpu'
import { type Assembler, assembler } from '@vmm/x86-assembler'
import { Engine } from '../src/index.ts'

export const codeAt = 0x1000
const table = buildTable({ model: 'max' })
if (table.kind !== 'table') throw new Error(table.says)

/** A machine in which the interrupt of vector 21H waits when told so, until it is taken. */
export function interrupting(): { readonly machine: VcpuMachine; waits: boolean } {
  const it = {
    waits: false,
    machine: {
      ...nobody(() => 0),
      interruptPending: () => it.waits,
      acknowledge: () => {
        it.waits = false
        return 0x21
      },
    },
  }
  return it
}

/** A vCPU over 64 KiB at 0 and nothing else, about to run code at 1000H in real-address mode. */
export function alone(
  write: (a: Assembler) => void,
  options: Partial<VcpuOptions> & { readonly bits?: 16 | 32 | 64 } = {},
) {
  let engine!: Engine
  const vcpu = new Vcpu({
    cpuid: table.kind === 'table' ? table.entries : [],
    createEngine: (ports) => {
      engine = new Engine({ slots: [{ address: 0, bytes: 0x1_0000 }], ports })
      return engine
    },
    ...options,
  })
  const a = assembler({ origin: codeAt, codeSize: options.bits ?? 16 })
  write(a)
  engine.writePhysical(codeAt, a.finish().bytes)
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(codeAt), rsp: 0x8000n })
  const run = (budget = 10_000): VcpuExit => vcpu.run({ budget })
  return { vcpu, engine, run }
}
