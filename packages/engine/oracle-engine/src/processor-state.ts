import type { State } from '@vmm/oracle'
import { type ProcessorRegisters, type StateField, stateFields } from '@vmm/x86-registers'

const fields = Object.keys(stateFields) as StateField[]
const [vectorBytes, significandBytes, extendedBytes] = [32, 8, 10]

/** The registers of an engine, by name and number. */
export interface Registers extends ProcessorRegisters {
  /** At least 32 bytes: writing them writes the register. */
  vector(index: number): Uint8Array
  /** Ten bytes. */
  x87(physical: number): Uint8Array
}

/** The lower 32 bits of a field, as a number. */
export function wordOf(registers: Pick<ProcessorRegisters, 'get'>, field: StateField): number {
  return Number(registers.get(field) & 0xffff_ffffn)
}

/** A field becomes a number of 32 bits. */
export function setWordOf(registers: Pick<ProcessorRegisters, 'set'>, field: StateField, value: number): void {
  registers.set(field, BigInt(value >>> 0))
}

/** An oracle's state becomes an engine's. What lies above YMM in vector registers is no part of it. */
export function takeState(to: State, from: Registers): void {
  for (const field of fields) to.set(field, from.get(field))
  to.rflags = from.rflags()
  for (const index of to.gprs.keys()) to.gprs[index] = from.gpr(index)
  for (const index of to.vectors.keys()) to.vectors[index] = numberIn(from.vector(index).subarray(0, vectorBytes))
  for (const physical of to.significands.keys()) {
    const bytes = from.x87(physical)
    to.significands[physical] = numberIn(bytes.subarray(0, significandBytes))
    to.signExponents[physical] = numberIn(bytes.subarray(significandBytes, extendedBytes))
  }
}

/** An engine's state becomes an oracle's. What the engine derives from it has to follow. */
export function giveState(from: State, to: Registers): void {
  for (const field of fields) to.set(field, from.get(field))
  to.setRflags(from.rflags)
  for (const [index, value] of from.gprs.entries()) to.setGpr(index, value)
  for (const [index, value] of from.vectors.entries()) putNumber(to.vector(index).subarray(0, vectorBytes), value)
  for (const [physical, value] of from.significands.entries()) {
    const bytes = to.x87(physical)
    putNumber(bytes.subarray(0, significandBytes), value)
    putNumber(bytes.subarray(significandBytes, extendedBytes), from.signExponents[physical]!)
  }
}

/** Little-endian. */
function numberIn(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length === 2) return BigInt(view.getUint16(0, true))
  let number = 0n
  for (let at = bytes.length - 8; at >= 0; at -= 8) number = (number << 64n) | view.getBigUint64(at, true)
  return number
}

function putNumber(bytes: Uint8Array, value: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length === 2) return view.setUint16(0, Number(value), true)
  for (let at = 0; at < bytes.length; at += 8) view.setBigUint64(at, BigInt.asUintN(64, value >> BigInt(at * 8)), true)
}
