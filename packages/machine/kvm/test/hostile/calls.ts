import { type FdKind, type Ioctl, ioctls, structs } from '@vmm/kvm-uapi'
import { Chance } from './chance.ts'

/** Where the process has memory: `edge` is a page with a hole behind it. */
export const places = { arguments: 0x10_0000n, edge: 0x20_0000n, hole: 0x30_0000n, pages: 0x40_0000n } as const
export const argumentBytes = 0x8000
export const edgeBytes = 0x1000

/** A call as data. `file` counts among the open files of the kind. */
export interface HostileCall {
  readonly name: string
  readonly kind: FdKind | 'any'
  readonly file: number
  readonly request: number
  readonly argument: bigint
  /** What is in memory at the argument, if it is an address. */
  readonly bytes: Uint8Array
  /** Of what is open, whether a duplicate makes the call, or the file is closed behind it. */
  readonly afterwards: 'nothing' | 'dup' | 'close'
}

const flexibleItems = 96

/** Calls by chance, the same for the same seed. */
export function callsFrom(seed: number, count: number): readonly HostileCall[] {
  const chance = new Chance(seed)
  return Array.from({ length: count }, () => callBy(chance))
}

function callBy(chance: Chance): HostileCall {
  const row = chance.among(ioctls as unknown as readonly [Ioctl, ...Ioctl[]])
  const size = (row.argument?.size ?? 8) + (chance.oneIn(2) ? flexibleItems : 0)
  const bytes = bytesBy(chance, size)
  if (row.argument !== undefined && chance.oneIn(2)) sensible(chance, row.argument.name, bytes)
  return {
    name: row.name,
    kind: chance.oneIn(20) ? 'any' : chance.among(row.fds as unknown as readonly [FdKind, ...FdKind[]]),
    file: chance.bits(),
    request: chance.oneIn(40) ? chance.bits() : row.number,
    argument: argumentBy(chance, row, size),
    bytes,
    afterwards: chance.oneIn(60) ? 'dup' : chance.oneIn(200) ? 'close' : 'nothing',
  }
}

function bytesBy(chance: Chance, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const density = chance.among([0, 4, 16, 2, 1])
  if (density > 0) for (let at = 0; at < size; at++) if (chance.oneIn(density)) bytes[at] = chance.bits()
  return bytes
}

const numbers = [
  0n,
  1n,
  2n,
  3n,
  8n,
  0x10n,
  0x80n,
  0x1000n,
  0x2000n,
  0xfee0_0000n,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 47n,
  -1n,
] as const

/** Fields that are numbers get such as calls are refused or taken for: limits, addresses, single bits. */
function sensible(chance: Chance, struct: string, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer)
  for (const { offset, size, shape } of structs.find(({ name }) => name === struct)?.fields ?? []) {
    if (shape.kind !== 'scalar' || offset + size > bytes.length || chance.oneIn(3)) continue
    const value = numberBy(chance)
    for (let at = 0; at < size; at++) view.setUint8(offset + at, Number((value >> BigInt(8 * at)) & 0xffn))
  }
}

function numberBy(chance: Chance): bigint {
  if (chance.oneIn(4)) return 1n << BigInt(chance.below(64))
  if (chance.oneIn(4)) return places.arguments + BigInt(chance.below(argumentBytes))
  return BigInt.asUintN(64, chance.among(numbers))
}

function argumentBy(chance: Chance, { use }: Ioctl, size: number): bigint {
  if (use === 'zero' && !chance.oneIn(5)) return 0n
  return use === 'value' || use === 'zero' ? valueBy(chance) : addressBy(chance, size)
}

const valueBy = (chance: Chance): bigint => (chance.oneIn(2) ? BigInt(chance.below(5)) : numberBy(chance))

function addressBy(chance: Chance, size: number): bigint {
  if (chance.oneIn(12)) return places.hole
  if (chance.oneIn(30)) return numberBy(chance)
  if (chance.oneIn(8)) return places.edge + BigInt(edgeBytes - chance.below(Math.min(size, edgeBytes) + 1))
  return places.arguments
}
