import { Oracle } from '@vmm/oracle'
import { plainMemory, stateOfOracle } from '@vmm/processors'
import { nobodyAround } from '@vmm/x86-semantics'
import { stepOf, type Vcpu } from './vcpu.ts'

/** The oracle. */
export function oracleVcpu(memoryBytes: number): Vcpu {
  const memory = new Uint8Array(memoryBytes)
  const oracle = new Oracle({ ports: nobodyAround, memory: plainMemory(memory) })
  return {
    name: 'oracle',
    ...stateOfOracle(oracle),
    ready: () => {},
    readMemory: (address, bytes) => memory.slice(address, address + bytes),
    writeMemory: (address, bytes) => memory.set(bytes, address),
    step: () => stepOf(oracle.step()),
  }
}
