import { Engine } from '@vmm/wasm-engine'
import { deafPorts, type Step, type Vcpu } from './vcpu.ts'

/** The engine, one instruction at a time. */
export function engineVcpu(memoryBytes: number): Vcpu {
  const engine = new Engine({ slots: [{ address: 0, bytes: memoryBytes }], ports: deafPorts })
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
    vector: (index) => wideOf(engine.vector(index)),
    setVector: (index, value) => setWide(engine.vector(index), value),
    x87: (physical) => extendedOf(engine.x87(physical)),
    setX87: (physical, value) => setExtended(engine.x87(physical), value),
    ready: () => engine.modeChanged(),
    readMemory: (address, bytes) => engine.physical(address)!.slice(0, bytes),
    writeMemory: (address, bytes) => void engine.writePhysical(address, bytes),
    step: () => stepped(engine),
    get retired() {
      return engine.retired()
    },
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function wideOf(bytes: Uint8Array): bigint {
  const view = viewOf(bytes)
  return (view.getBigUint64(8, true) << 64n) | view.getBigUint64(0, true)
}

function setWide(bytes: Uint8Array, value: bigint): void {
  const view = viewOf(bytes)
  view.setBigUint64(0, BigInt.asUintN(64, value), true)
  view.setBigUint64(8, value >> 64n, true)
}

function extendedOf(bytes: Uint8Array): bigint {
  const view = viewOf(bytes)
  return (BigInt(view.getUint16(8, true)) << 64n) | view.getBigUint64(0, true)
}

function setExtended(bytes: Uint8Array, value: bigint): void {
  const view = viewOf(bytes)
  view.setBigUint64(0, BigInt.asUintN(64, value), true)
  view.setUint16(8, Number(value >> 64n), true)
}

function stepped(engine: Engine): Step {
  const stop = engine.run(1)
  return stop.kind === 'fault'
    ? { vector: stop.vector, errorCode: stop.errorCode ?? 0 }
    : { vector: undefined, errorCode: 0 }
}
