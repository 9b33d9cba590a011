import type { Oracle } from '@vmm/oracle'
import type { Engine } from '@vmm/wasm-engine'
import type { StateField } from '@vmm/x86-registers'

/** The state of a processor as numbers, whoever runs it. */
export interface ProcessorState extends Pick<Engine, 'get' | 'set' | 'gpr' | 'setGpr' | 'rflags' | 'setRflags'> {
  /** The 256 bits of a YMM register, of which XMM is the lower half. */
  vector(index: number): bigint
  setVector(index: number, value: bigint): void
  /** The 80 bits of an x87 register, by physical number. */
  x87(physical: number): bigint
  setX87(physical: number, value: bigint): void
}

/** Values for a whole state. Registers beyond those that are given stay. */
export interface StateValues {
  readonly gprs: readonly bigint[]
  readonly vectors: readonly bigint[]
  readonly x87: readonly bigint[]
  readonly fields: Iterable<readonly [StateField, bigint]>
  readonly rflags: bigint
}

/** Sets them all. */
export function setState(to: ProcessorState, values: StateValues): void {
  for (const [index, value] of values.gprs.entries()) to.setGpr(index, value)
  for (const [index, value] of values.vectors.entries()) to.setVector(index, value)
  for (const [physical, value] of values.x87.entries()) to.setX87(physical, value)
  for (const [field, value] of values.fields) to.set(field, value)
  to.setRflags(values.rflags)
}

/** An engine's. What it derives from this state is up to date after `modeChanged`. */
export function stateOfEngine(engine: Engine): ProcessorState {
  const ymm = (index: number) => engine.vector(index).subarray(0, 32)
  return {
    get: (field) => engine.get(field),
    set: (field, value) => engine.set(field, value),
    gpr: (index) => engine.gpr(index),
    setGpr: (index, value) => engine.setGpr(index, value),
    rflags: () => engine.rflags(),
    setRflags: (value) => engine.setRflags(value),
    vector: (index) => numberIn(ymm(index)),
    setVector: (index, value) => putNumber(ymm(index), value),
    x87: (physical) => numberIn(engine.x87(physical)),
    setX87: (physical, value) => putNumber(engine.x87(physical), value),
  }
}

/** An oracle's. */
export function stateOfOracle({ state }: Oracle): ProcessorState {
  return {
    get: (field) => state.get(field),
    set: (field, value) => state.set(field, value),
    gpr: (index) => state.gprs[index]!,
    setGpr: (index, value) => {
      state.gprs[index] = value
    },
    rflags: () => state.rflags,
    setRflags: (value) => {
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
  }
}

/** Little-endian, in whole words of 64 bits and what is left. */
function numberIn(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let value = 0n
  for (let at = bytes.length & 7; at > 0; at -= 1) value = (value << 8n) | BigInt(bytes[(bytes.length & ~7) + at - 1]!)
  for (let at = (bytes.length & ~7) - 8; at >= 0; at -= 8) value = (value << 64n) | view.getBigUint64(at, true)
  return value
}

function putNumber(bytes: Uint8Array, value: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const words = bytes.length & ~7
  for (let at = 0; at < words; at += 8) view.setBigUint64(at, BigInt.asUintN(64, value >> BigInt(at * 8)), true)
  for (let at = words; at < bytes.length; at += 1) bytes[at] = Number((value >> BigInt(at * 8)) & 0xffn)
}
