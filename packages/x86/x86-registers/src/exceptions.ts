/** How an exception relates to the instruction it interrupts, and what a second one does to it. SDM 3A §6.5 and Table 6-4. */
export interface Exception {
  readonly vector: number
  readonly errorCode: boolean
  readonly severity: 'benign' | 'contributory' | 'page-fault' | 'double-fault'
  readonly says: string
}

const exception = (vector: number, errorCode: boolean, severity: Exception['severity'], says: string): Exception => ({
  vector,
  errorCode,
  severity,
  says,
})

/** The exceptions by the manual's mnemonics. Source: SDM 3A §6.3.1, Table 6-1, and §6.15, Table 6-4. */
export const exceptions = {
  DE: exception(0, false, 'contributory', 'Divide error'),
  DB: exception(1, false, 'benign', 'Debug'),
  NMI: exception(2, false, 'benign', 'Non-maskable interrupt'),
  BP: exception(3, false, 'benign', 'Breakpoint'),
  OF: exception(4, false, 'benign', 'Overflow'),
  BR: exception(5, false, 'benign', 'BOUND range exceeded'),
  UD: exception(6, false, 'benign', 'Invalid opcode'),
  NM: exception(7, false, 'benign', 'Device not available'),
  DF: exception(8, true, 'double-fault', 'Double fault'),
  TS: exception(10, true, 'contributory', 'Invalid TSS'),
  NP: exception(11, true, 'contributory', 'Segment not present'),
  SS: exception(12, true, 'contributory', 'Stack fault'),
  GP: exception(13, true, 'contributory', 'General protection'),
  PF: exception(14, true, 'page-fault', 'Page fault'),
  MF: exception(16, false, 'benign', 'x87 floating-point error'),
  AC: exception(17, true, 'benign', 'Alignment check'),
  MC: exception(18, false, 'benign', 'Machine check'),
  XM: exception(19, false, 'benign', 'SIMD floating-point error'),
  VE: exception(20, false, 'page-fault', 'Virtualization'),
  CP: exception(21, true, 'contributory', 'Control protection'),
} as const satisfies Record<string, Exception>

/** The manual's mnemonic of an exception, without the #. */
export type ExceptionName = keyof typeof exceptions

const byVector = new Map(Object.entries(exceptions).map(([name, { vector }]) => [vector, name as ExceptionName]))

/** The mnemonic of a vector, if the architecture gives it one. */
export function exceptionAt(vector: number): ExceptionName | undefined {
  return byVector.get(vector)
}
