import { Oracle } from '@vmm/oracle'
import { deafPorts, type Vcpu } from './vcpu.ts'

/** The oracle. */
export function oracleVcpu(memoryBytes: number): Vcpu {
  const memory = new Uint8Array(memoryBytes)
  const oracle = new Oracle({
    ports: deafPorts,
    memory: {
      read: (address) => memory[address],
      write: (address, byte) => {
        if (address >= memoryBytes) return false
        memory[address] = byte
        return true
      },
    },
  })
  const { state } = oracle
  return {
    name: 'oracle',
    get: (field) => state.get(field),
    set: (field, value) => state.set(field, value),
    gpr: (index) => state.gprs[index]!,
    setGpr: (index, value) => {
      state.gprs[index] = value
    },
    get rflags() {
      return state.rflags
    },
    set rflags(value) {
      state.rflags = value
    },
    vector: (index) => state.vectors[index]!,
    setVector: (index, value) => {
      state.vectors[index] = value
    },
    x87: (physical) => (state.signExponents[physical]! << 64n) | state.significands[physical]!,
    setX87: (physical, value) => {
      state.significands[physical] = BigInt.asUintN(64, value)
      state.signExponents[physical] = BigInt.asUintN(16, value >> 64n)
    },
    ready: () => {},
    readMemory: (address, bytes) => memory.slice(address, address + bytes),
    writeMemory: (address, bytes) => memory.set(bytes, address),
    step: () => {
      const result = oracle.step()
      return result.kind === 'fault'
        ? { vector: result.vector, errorCode: result.errorCode ?? 0 }
        : { vector: undefined, errorCode: 0 }
    },
    get retired() {
      return oracle.retired
    },
  }
}
