import { type Source, sdm } from '@vmm/source'
import { isCanonical } from './canonical.ts'
import type { Write, WriteRule } from './msr.ts'

const wrmsr = sdm('2D', '6.1', 'WRMSR—Write to Model Specific Register')

/** The value is a linear address, and must be canonical. */
export function canonicalAddress(name: string): WriteRule {
  return {
    says: `${name} holds a canonical address`,
    source: wrmsr,
    binds: 'guest and host',
    refuses: ({ after, linearAddressWidth }) => !isCanonical(after, linearAddressWidth),
  }
}

/** Bits from MAXPHYADDR up to 51 are reserved. */
export function physicalAddress(name: string, source: Source): WriteRule {
  return {
    says: `${name} holds a physical address of the width this CPU has`,
    source,
    binds: 'guest and host',
    refuses: ({ after, guest }) => after >> BigInt(guest.physicalAddressWidth) !== 0n,
  }
}

/** Every byte is a memory type of the list. */
export function memoryTypes(says: string, source: Source, allowed: readonly number[]): WriteRule {
  const good = new Set(allowed)
  return {
    says,
    source,
    binds: 'guest and host',
    refuses: ({ after }) => bytesOf(after).some((type) => !good.has(type)),
  }
}

/** The lowest byte is a memory type of the list. */
export function memoryType(says: string, source: Source, allowed: readonly number[]): WriteRule {
  return {
    says,
    source,
    binds: 'guest and host',
    refuses: ({ after }) => !allowed.includes(Number(after & 0xffn)),
  }
}

/** One place, since PAT is written with every change between a guest and its guest. */
const pattern = new BigUint64Array(1)
const patternBytes = new Uint8Array(pattern.buffer)

/** Its eight bytes, which hold until the next call. */
function bytesOf(value: bigint): Uint8Array {
  pattern[0] = value
  return patternBytes
}

/** The write is accepted and forgotten: the register keeps what it had. */
export const ignoresWrites = ({ before }: Write): bigint => before

/** A guest's write is accepted and forgotten; the host sets the value. */
export const hostSets = ({ initiator, before, after }: Write): bigint => (initiator === 'host' ? after : before)

/** A command: acted on elsewhere, kept nowhere. */
export const keepsNothing = (): bigint => 0n
