import { Engine } from '@vmm/wasm-engine'
import { deafPorts, type Step, type Vcpu } from './vcpu.ts'

/** The engine, one instruction at a time. */
export function engineVcpu(memoryBytes: number): Vcpu {
  const engine = new Engine({ slots: [{ address: 0, bytes: memoryBytes }], ports: deafPorts })
  const wide = (bytes: Uint8Array) => bytes.reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n)
  const put = (bytes: Uint8Array, value: bigint) => {
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = Number((value >> BigInt(at * 8)) & 0xffn)
  }
  return {
    name: 'engine',
    get: (field) => engine.get(field),
    set: (field, value) => engine.set(field, value),
    gpr: (index) => engine.gpr(index),
    setGpr: (index, value) => engine.setGpr(index, value),
    get rflags() {
      return engine.rflags()
    },
    set rflags(value) {
      engine.setRflags(value)
    },
    vector: (index) => wide(engine.vector(index).subarray(0, 16)),
    setVector: (index, value) => put(engine.vector(index).subarray(0, 16), value),
    x87: (physical) => wide(engine.x87(physical)),
    setX87: (physical, value) => put(engine.x87(physical), value),
    ready: () => engine.modeChanged(),
    readMemory: (address, bytes) => engine.physical(address)!.slice(0, bytes),
    writeMemory: (address, bytes) => void engine.writePhysical(address, bytes),
    step: () => stepped(engine),
    get retired() {
      return engine.retired()
    },
  }
}

function stepped(engine: Engine): Step {
  const stop = engine.run(1)
  return stop.kind === 'fault'
    ? { vector: stop.vector, errorCode: stop.errorCode ?? 0 }
    : { vector: undefined, errorCode: 0 }
}
