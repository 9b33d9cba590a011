import { type EngineVariant, engineOf, engineVariants, stateOfEngine } from '@vmm/processors'
import type { Engine, Stop } from '@vmm/wasm-engine'
import { nobodyAround } from '@vmm/x86-semantics'
import { stepOf, type Vcpu } from './vcpu.ts'

const variantNamed = (name: string): EngineVariant => engineVariants.find((variant) => variant.name === name)!
/** So many instructions at a time, where the code is compiled: the one that is asked about, and a jump to itself behind it. */
const blockBudget = 64
const xmmBytes = 16
const ymmBytes = 32

/** The engine, one instruction at a time: what interprets. */
export const engineVcpu = (memoryBytes: number): Vcpu =>
  vcpuOf('engine', memoryBytes, variantNamed('cold'), (engine) => engine.run(1))

/** The engine that compiles all code at once, and runs on behind an instruction. */
export const compiledVcpu = (memoryBytes: number): Vcpu => ({
  ...vcpuOf('engine, compiled', memoryBytes, variantNamed('hot at once'), (engine) => engine.run(blockBudget)),
  runsOn: true,
})

function vcpuOf(name: string, bytes: number, variant: EngineVariant, run: (engine: Engine) => Stop): Vcpu {
  const engine = engineOf(variant, { slots: [{ address: 0, bytes }], ports: nobodyAround })
  return {
    name,
    ...stateOfEngine(engine),
    readVectors: (xmm, above) => {
      for (let at = 0; at < xmm.length; at += xmmBytes) {
        const register = engine.vector(at / xmmBytes)
        xmm.set(register.subarray(0, xmmBytes), at)
        above.set(register.subarray(xmmBytes, ymmBytes), at)
      }
    },
    writeVectors: (xmm, above) => {
      for (let at = 0; at < xmm.length; at += xmmBytes) {
        const register = engine.vector(at / xmmBytes)
        register.set(xmm.subarray(at, at + xmmBytes))
        register.set(above.subarray(at, at + xmmBytes), xmmBytes)
      }
    },
    ready: () => engine.modeChanged(),
    readMemory: (address, length) => engine.physical(address)!.slice(0, length),
    writeMemory: (address, written) => void engine.writePhysical(address, written),
    step: () => stepOf(run(engine)),
  }
}
