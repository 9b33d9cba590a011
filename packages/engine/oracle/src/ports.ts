/** A refusal by the surroundings: the guest gets this exception. */
export interface Refused {
  readonly kind: 'fault'
  readonly vector: number
  readonly errorCode?: number
}

/** What a vCPU asks of its surroundings. */
export interface OraclePorts {
  cpuid(leaf: number, subleaf: number): readonly [eax: number, ebx: number, ecx: number, edx: number]
  readMsr(index: number): bigint | Refused
  writeMsr(index: number, value: bigint): Refused | undefined
  portIn(port: number, size: 1 | 2 | 4): number
  portOut(port: number, size: 1 | 2 | 4, value: number): void
  /** One to eight bytes where no memory is, on whatever boundary. */
  mmioRead(address: number, size: number): bigint
  mmioWrite(address: number, size: number, value: bigint): void
  timeStamp(): bigint
  random(): bigint
  taskPriority(): number
  setTaskPriority(value: number): void
  hypercall(): void
  writeXcr(index: number, value: bigint): Refused | undefined
  /** The bits of ECX that MWAIT knows; undefined where there are no MONITOR and MWAIT. Left out, it knows bit 0. */
  mwaitExtensions?(): number | undefined
}
