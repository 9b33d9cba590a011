import { stateOfEngine } from '@vmm/processors'
import { Engine } from '@vmm/wasm-engine'
import { nobodyAround } from '@vmm/x86-semantics'
import { stepOf, type Vcpu } from './vcpu.ts'

/** The engine, one instruction at a time. */
export function engineVcpu(memoryBytes: number): Vcpu {
  const engine = new Engine({ slots: [{ address: 0, bytes: memoryBytes }], ports: nobodyAround })
  return {
    name: 'engine',
    ...stateOfEngine(engine),
    ready: () => engine.modeChanged(),
    readMemory: (address, bytes) => engine.physical(address)!.slice(0, bytes),
    writeMemory: (address, bytes) => void engine.writePhysical(address, bytes),
    step: () => stepOf(engine.run(1)),
  }
}
