import type { Bits, Machine } from '../algebra.ts'

/** The value of the field VMX in non-root operation. */
const nonRoot = 2

/** Whether the processor is in VMX non-root operation. */
export const inNonRoot = (m: Machine): Bits<1> => m.equal(m.get('VMX'), m.constant(nonRoot, 8))

/**
 * Here the instruction may leave for L1: what has priority has been checked, nothing has been written. `reason` is the basic exit reason
 * of SDM 3D appendix C. Source: SDM 3C §26.1.
 */
export function mayExit(m: Machine, reason: number, qualification: Bits<64> = m.constant(0, 64)): void {
  m.when(inNonRoot(m), () => void m.host('exits', m.constant(reason, 16), qualification))
}

/** In non-root operation there are instructions only where a control enables them: #UD. Source: SDM 3C §26.3. */
export function requireEnabled(m: Machine, reason: number): void {
  m.when(inNonRoot(m), () => void m.host('enabled', m.constant(reason, 16)))
}

/** Basic exit reasons of instructions. Source: SDM 3D, appendix C. */
export const exitReason = {
  exception: 0,
  taskSwitch: 9,
  CPUID: 10,
  HLT: 12,
  INVD: 13,
  INVLPG: 14,
  RDPMC: 15,
  RDTSC: 16,
  VMCALL: 18,
  VMCLEAR: 19,
  VMLAUNCH: 20,
  VMPTRLD: 21,
  VMPTRST: 22,
  VMREAD: 23,
  VMRESUME: 24,
  VMWRITE: 25,
  VMXOFF: 26,
  VMXON: 27,
  controlRegister: 28,
  debugRegister: 29,
  port: 30,
  RDMSR: 31,
  WRMSR: 32,
  MWAIT: 36,
  MONITOR: 39,
  PAUSE: 40,
  tableRegister: 46,
  segmentRegister: 47,
  INVEPT: 50,
  RDTSCP: 51,
  INVVPID: 53,
  WBINVD: 54,
  XSETBV: 55,
  RDRAND: 57,
  INVPCID: 58,
  RDSEED: 61,
  XSAVES: 63,
  XRSTORS: 64,
} as const
