import type { StateField } from '@vmm/x86-registers'

/** What became of one instruction. */
export interface Step {
  /** Undefined: it completed. Else the vector of its exception, which has not been delivered. */
  readonly vector: number | undefined
  readonly errorCode: number
}

/** A processor to be looked into, whatever runs it. Memory is physical and begins at 0. */
export interface Vcpu {
  readonly name: string
  get(field: StateField): bigint
  set(field: StateField, value: bigint): void
  gpr(index: number): bigint
  setGpr(index: number, value: bigint): void
  rflags: bigint
  /** The 128 bits of an XMM register. */
  vector(index: number): bigint
  setVector(index: number, value: bigint): void
  /** The 80 bits of an x87 register, by physical number. */
  x87(physical: number): bigint
  setX87(physical: number, value: bigint): void
  /** Brings what is derived from the state up to date, once it has been set. */
  ready(): void
  readMemory(address: number, bytes: number): Uint8Array
  writeMemory(address: number, bytes: Uint8Array): void
  /** Runs one instruction, or one element of a repeated one. */
  step(): Step
  /** Instructions retired since the beginning. */
  readonly retired: number
}

/** Ports that know nothing, the same for everyone. */
export const deafPorts = {
  cpuid: () => [0, 0, 0, 0] as const,
  readMsr: () => refused,
  writeMsr: () => refused,
  portIn: () => 0xffff_ffff,
  portOut: () => true,
  mmioRead: (_address: number, size: number) => (1n << BigInt(size * 8)) - 1n,
  mmioWrite: () => {},
  timeStamp: () => 0n,
  random: () => 0n,
  taskPriority: () => 0,
  setTaskPriority: () => {},
  hypercall: () => true,
  writeXcr: () => refused,
}

const refused = { kind: 'fault', vector: 13, errorCode: 0 } as const
