import type { Engine } from '../engine-port.ts'
import type { VcpuHost } from '../guest.ts'

/** Places in the legacy area of FXSAVE. Source: SDM 1 §10.5.1, Table 10-2. */
export const legacyArea = {
  FCW: 0,
  FSW: 2,
  FTW: 4,
  FOP: 6,
  FIP: 8,
  FDP: 16,
  MXCSR: 24,
  mask: 28,
  ST: 32,
  XMM: 160,
  /** What processors leave to software. */
  software: 464,
  bytes: 512,
} as const

/** The bits of MXCSR that exist. Source: AMD64 APM 4 §1.4.5 for MM. */
export const mxcsrMask = ({ misalignedSse }: Pick<VcpuHost, 'misalignedSse'>): number =>
  misalignedSse ? 0x2_ffff : 0xffff
const vectors = 16

/** ST(0) to ST(7), sixteen bytes each, of which the last six are nothing. */
export function readStack(engine: Engine): readonly Uint8Array[] {
  return eight((at) => {
    const register = new Uint8Array(16)
    register.set(engine.x87(physicalOf(engine, at)))
    return register
  })
}

/** FSW must have been set: its TOP says which register ST(0) is. */
export function writeStack(engine: Engine, registers: readonly Uint8Array[]): void {
  for (const [at, register] of registers.entries()) engine.x87(physicalOf(engine, at)).set(register.subarray(0, 10))
}

/** The low 128 bits of XMM0 to XMM15. */
export function readXmm(engine: Engine): readonly Uint8Array[] {
  return Array.from({ length: vectors }, (_, index) => engine.vector(index).slice(0, 16))
}

/** The upper parts of the registers stay. */
export function writeXmm(engine: Engine, registers: readonly Uint8Array[]): void {
  for (const [index, register] of registers.entries()) engine.vector(index).set(register.subarray(0, 16))
}

const physicalOf = (engine: Engine, index: number): number => (Number(engine.get('FSW') >> 11n) + index) & 7

const eight = <T>(make: (index: number) => T): readonly T[] => Array.from({ length: 8 }, (_, index) => make(index))
