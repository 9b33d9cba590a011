import type { Bits, Sized } from './algebra.ts'

const call = <const P extends readonly Sized[], const R extends readonly Sized[]>(
  parameters: P,
  results: R,
  says: string,
) => ({
  parameters,
  results,
  says,
})

/** What only the surroundings of a vCPU can answer. A call may refuse with an exception instead of answering. */
export const hostCalls = {
  cpuid: call(
    [32, 32],
    [32, 32, 32, 32],
    'CPUID of EAX and ECX: EAX, EBX, ECX, EDX; refused with #GP(0) where it faults',
  ),
  readMsr: call([32], [64], 'RDMSR; refused with #GP(0)'),
  writeMsr: call([32, 64], [], 'WRMSR; refused with #GP(0)'),
  portIn: call([16, 8, 64], [32], 'IN from a port, by size in bytes and how many values are still wanted'),
  portOut: call([16, 8, 32, 8], [], 'OUT to a port, by size in bytes; 1 where a string is taken from memory'),
  timeStamp: call([], [64], 'The time-stamp counter'),
  random: call([], [64], 'Random bits for RDRAND'),
  seed: call([], [64], 'Random bits for RDSEED'),
  performanceCounter: call([32], [64], 'RDPMC; refused with #GP(0)'),
  simd: call(
    [32, 64, 64, 64, 64, 32],
    [64, 64, 32],
    'An SSE floating-point operation by number, on two vectors in halves, under an MXCSR: the vector and the flags raised',
  ),
  fused: call(
    [32, 64, 64, 64, 64, 64, 64, 32],
    [64, 64, 32],
    'A fused multiplication and addition by number, on three vectors in halves, under an MXCSR: the vector and the flags raised',
  ),
  x87: call(
    [32, 64, 16, 64, 16, 16],
    [64, 16, 64, 16, 16, 8],
    'An x87 operation by number, on two values, under an FCW: one or two results, what goes into FSW, and whether they are written',
  ),
  breakpoint: call([], [], 'INT3 is about to be delivered: a debugger may hold it'),
  numericError: call([], [], 'FERR#: an x87 error that CR0.NE makes no exception of; it may have to wait'),
  hypercall: call(
    [8],
    [32],
    'VMCALL (0) or VMMCALL (1): registers hold the call and take the answer; else three bytes to store over it, low first',
  ),
  leaveSmm: call([], [], 'RSM: #UD outside system-management mode; else whoever answers leaves it'),
  taskPriority: call([], [64], 'CR8'),
  setTaskPriority: call([64], [], 'A new CR8, already checked'),
  writeXcr: call([32, 64], [], 'XSETBV; refused with #GP(0)'),
  flushTlb: call([], [], 'Every translation is forgotten, global ones included'),
  flushTlbNonGlobal: call([], [], 'Translations of the current PCID are forgotten, except global ones'),
  flushPage: call([64], [], 'Translations of one linear address in the current PCID are forgotten, and global ones'),
  flushContext: call([16, 64, 8], [], 'INVPCID: PCID, linear address, type 0 to 3'),
  addressSpace: call([64], [], 'CR3 holds the value given now: use its translations'),
  debugTrap: call([64], [], 'A debug trap follows this instruction, for reasons given as bits of DR6'),
  waitExtensions: call(
    [],
    [64, 8],
    'The bits of ECX that MWAIT knows, and 1 if MONITOR and MWAIT do nothing; refused with #UD where they are not there',
  ),
  vmx: call(
    [8, 64, 64, 64],
    [64, 8],
    'An instruction of VMX by number, with its operands: what it gives, and 0, or 1 and 2 for VMfailInvalid and VMfailValid; it may leave for L2',
  ),
  exits: call(
    [16, 64],
    [],
    'In non-root operation, by exit reason and qualification: the instruction may leave for L1',
  ),
  secondLevelFault: call(
    [32],
    [],
    'EPT has let a translation not be made, by exit reason: the instruction does not happen',
  ),
  logHasRoom: call([], [8], 'With page-modification logging: whether there is room for one more entry in the log'),
  logPage: call(
    [64],
    [],
    'A page has become dirty, by guest-physical address: it goes into the log, where there is room',
  ),
  enabled: call([16], [], 'In non-root operation, by exit reason: #UD unless a control enables the instruction'),
  optional: call([8], [], 'Whether the processor has an optional feature, by number: #UD without'),
  monitor: call([64], [], 'Watch the line of a linear address, which can be read, for stores'),
} as const

/** The name of something that only the surroundings know or do. */
export type HostCall = keyof typeof hostCalls

type Values<T extends readonly Sized[]> = { [I in keyof T]: Bits<T[I]> }
export type HostParameters<C extends HostCall> = Values<(typeof hostCalls)[C]['parameters']>
export type HostResults<C extends HostCall> = Values<(typeof hostCalls)[C]['results']>
