import type { IoBus, MmioBus } from '@vmm/device'
import type { KvmVcpu } from '@vmm/kvm'
import { kvmRun } from '@vmm/kvm-uapi'
import type { IoExit, MmioExit } from '@vmm/vcpu'

/** Where kvm_run has what comes of an access: the data of a port's on its second page, of memory's in the exit. */
const portData = 4096
const memoryData = kvmRun.offset.exit + 8

/** Answers a port's access, item by item, by the devices: a port that nobody has reads as all ones. */
export function answerPort(
  { ports }: { readonly ports: Pick<IoBus, 'read' | 'write'> },
  { page }: KvmVcpu,
  exit: IoExit,
): void {
  const { direction, port, size, count } = exit
  for (let at = 0; at < count * size; at += size) {
    if (direction === 'out') ports.write(port, size, little(exit.data, at, size))
    else put(page.bytes, portData + at, size, ports.read(port, size))
  }
}

/** Answers an access to what is no memory, by the devices: where nobody is, it reads as all ones. */
export function answerMemory(
  { mmio }: { readonly mmio: Pick<MmioBus, 'read' | 'write'> },
  { page }: KvmVcpu,
  exit: MmioExit,
): void {
  const { direction, address, size } = exit
  for (let at = 0; at < size; ) {
    const piece = pieceAt(address + at, size - at)
    if (direction === 'write') mmio.write(address + at, piece, little(exit.data, at, piece))
    else put(page.bytes, memoryData + at, piece, mmio.read(address + at, piece))
    at += piece
  }
}

/** The largest piece up to four bytes that fits, and lies on its own boundary. */
function pieceAt(address: number, left: number): 1 | 2 | 4 {
  if (left >= 4 && address % 4 === 0) return 4
  return left >= 2 && address % 2 === 0 ? 2 : 1
}

function little(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let byte = size - 1; byte >= 0; byte -= 1) value = (value << 8) | (bytes[at + byte] ?? 0)
  return value >>> 0
}

function put(bytes: Uint8Array, at: number, size: number, value: number): void {
  for (let byte = 0; byte < size; byte += 1) bytes[at + byte] = value >>> (8 * byte)
}
