import { Oracle } from '@vmm/oracle'
import { plainMemory, stateOfOracle } from '@vmm/processors'
import { nobodyAround } from '@vmm/x86-semantics'
import { stepOf, type Vcpu } from './vcpu.ts'

const xmmBytes = 16
const viewOf = ({ buffer, byteOffset, length }: Uint8Array) => new DataView(buffer, byteOffset, length)

/** The oracle. */
export function oracleVcpu(memoryBytes: number): Vcpu {
  const memory = new Uint8Array(memoryBytes)
  const oracle = new Oracle({ ports: nobodyAround, memory: plainMemory(memory) })
  return {
    name: 'oracle',
    ...stateOfOracle(oracle),
    readVectors: (xmm, above) => {
      for (const [half, to] of [viewOf(xmm), viewOf(above)].entries()) {
        for (let at = 0; at < to.byteLength; at += 8)
          to.setBigUint64(at, wordOf(oracle.state.vectors[at >> 4]!, half * xmmBytes + (at & 8)), true)
      }
    },
    writeVectors: (xmm, above) => {
      const [low, high] = [viewOf(xmm), viewOf(above)]
      for (let at = 0; at < xmm.length; at += xmmBytes)
        oracle.state.vectors[at / xmmBytes] = (wideAt(high, at) << 128n) | wideAt(low, at)
    },
    ready: () => {},
    readMemory: (address, bytes) => memory.slice(address, address + bytes),
    writeMemory: (address, bytes) => memory.set(bytes, address),
    step: () => stepOf(oracle.step()),
  }
}

/** The 64 bits of a number that begin at a byte. */
const wordOf = (value: bigint, byte: number): bigint => BigInt.asUintN(64, value >> BigInt(byte * 8))

const wideAt = (view: DataView, at: number): bigint =>
  (view.getBigUint64(at + 8, true) << 64n) | view.getBigUint64(at, true)
