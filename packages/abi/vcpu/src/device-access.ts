import type { VcpuMachine } from './machine.ts'

type Size = 1 | 2 | 4 | 8
type Piece = readonly [offset: number, size: Size]
const sizes = [8, 4, 2, 1] as const

/** A load of one to eight bytes as a bus makes it, in pieces on their own boundaries. Undefined where nobody answers its first byte. */
export function readDevices(machine: VcpuMachine, address: number, bytes: number): bigint | undefined {
  if (isWhole(address, bytes)) return machine.mmioRead(address, bytes)
  let value = 0n
  for (const [offset, size] of piecesOf(address, bytes)) {
    const part = machine.mmioRead(address + offset, size)
    if (offset === 0 && part === undefined) return undefined
    value |= (part ?? allOnes(size)) << BigInt(8 * offset)
  }
  return value
}

/** A store likewise; false where nobody takes its first byte. */
export function writeDevices(machine: VcpuMachine, address: number, bytes: number, value: bigint): boolean {
  if (isWhole(address, bytes)) return machine.mmioWrite(address, bytes, value)
  for (const [offset, size] of piecesOf(address, bytes)) {
    const taken = machine.mmioWrite(address + offset, size, BigInt.asUintN(8 * size, value >> BigInt(8 * offset)))
    if (offset === 0 && !taken) return false
  }
  return true
}

/** One piece is enough: a size that buses have, on its own boundary. */
const isWhole = (address: number, bytes: number): bytes is Size =>
  (bytes === 4 || bytes === 1 || bytes === 2 || bytes === 8) && (address & (bytes - 1)) === 0

/** Each the largest that fits and lies on its own boundary. */
function piecesOf(address: number, bytes: number): readonly Piece[] {
  const pieces: Piece[] = []
  for (let offset = 0; offset < bytes; ) {
    const size = sizes.find((each) => each <= bytes - offset && (address + offset) % each === 0) ?? 1
    pieces.push([offset, size])
    offset += size
  }
  return pieces
}

const allOnes = (size: Size): bigint => (1n << BigInt(8 * size)) - 1n
