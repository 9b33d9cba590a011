// Runs machine code on a vCPU, an exit at a time: `node examples/src/vcpu.ts b0 41 e6 10 f4`, or those bytes without arguments.
import { buildTable } from '@vmm/cpuid'
import { Vcpu, type VcpuOptions } from '@vmm/vcpu'
import { Engine } from '@vmm/wasm-engine'

const words = process.argv.slice(2)
const code = Uint8Array.from(words.length > 0 ? words : ['b0', '41', 'e6', '10', 'f4'], (word) =>
  Number.parseInt(word, 16),
)

const slots = [{ address: 0, bytes: 0x1_0000 }]
let engine: Engine | undefined
const createEngine: VcpuOptions['createEngine'] = (ports) => (engine = new Engine({ slots, ports }))
const table = buildTable()
const vcpu = new Vcpu({ cpuid: table.kind === 'table' ? table.entries : [], createEngine })
engine?.writePhysical(0x1000, code)

const sregs = vcpu.state.getSregs()
vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, selector: 0, base: 0n } })
vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n })
for (let exits = 0; exits < 100; exits++) {
  const exit = vcpu.run({ budget: 1_000_000 })
  console.log(`${exit.kind} at ${vcpu.state.getRegs().rip.toString(16)}`, exit)
  if (exit.kind !== 'io' || exit.direction === 'in') break
}
