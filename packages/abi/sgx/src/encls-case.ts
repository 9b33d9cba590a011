import type { SgxGuest } from './guest.ts'

/** A leaf of ENCLS that a guest executes. */
export interface EnclsCase {
  /** EAX. */
  readonly leaf: number
  /** It leaves the guest: by the ENCLS-exiting bitmap, of a processor that has one. */
  readonly exits: boolean
  readonly guest: SgxGuest
}

/** An operand in memory: its linear address, as `enclsAddress` makes it of an offset, and where that leads. */
export interface Operand {
  /** `undefined` where the address itself is an error: limits, segments, not canonical. */
  readonly address: bigint | undefined
  /** Memory of a slot; nothing, by the guest's page tables; or a guest-physical address that no slot has. */
  readonly leads: 'memory' | 'unmapped' | 'nowhere'
}

/** What ECREATE is asked for: fields of SECS. Source: SDM 3D §34.7 SGX Enclave Control Structure. */
export interface EnclaveAsked {
  readonly miscSelect: number
  readonly attributes: bigint
  readonly xfrm: bigint
  /** Bytes. */
  readonly size: bigint
}

/** An ECREATE that KVM looks at. */
export interface EcreateCase {
  readonly guest: SgxGuest
  /** In RBX. */
  readonly pageInfo: Operand
  /** In RCX. */
  readonly secs: Operand
  /** In PAGEINFO. */
  readonly secInfo: Operand
  /** In PAGEINFO. */
  readonly sourcePage: Operand
  readonly asked: EnclaveAsked
}

/** An EINIT that KVM executes with the guest's own launch key. */
export interface EinitCase {
  /** In RBX. */
  readonly signature: Operand
  /** In RCX. */
  readonly secs: Operand
  /** In RDX. */
  readonly token: Operand
}

/** Whether an operand is at an address that it may be at. */
export function isPlaced({ address }: Operand, alignment: bigint): boolean {
  return address !== undefined && address % alignment === 0n
}
