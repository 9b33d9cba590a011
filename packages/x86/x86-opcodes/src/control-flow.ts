import { type OpcodeRow, placeOf } from './row.ts'

/**
 * Where an instruction goes on: at the `next` one; elsewhere (`jump`); at one of both (`conditional`); elsewhere, to come back (`call`, into
 * a kernel or a hypervisor, too); back (`return`); at a handler that it calls on purpose (`interrupt`); nowhere, for it always faults (`exception`); or it is
 * a `transaction`'s, which may go on where that is aborted.
 */
export type ControlFlow =
  | 'next'
  | 'jump'
  | 'conditional'
  | 'call'
  | 'return'
  | 'interrupt'
  | 'exception'
  | 'transaction'

const names = {
  jump: 'JMP JMPF JMPABS',
  conditional: 'LOOP LOOPE LOOPNE JRCXZ',
  call: 'CALL CALLF SYSCALL SYSENTER VMCALL VMMCALL VMGEXIT VMLAUNCH VMRESUME VMRUN TDCALL SEAMCALL',
  return: 'RET RETF IRET SYSRET SYSEXIT RSM UIRET ERETS ERETU SEAMRET',
  interrupt: 'INT INT3 INT1 INTO',
  exception: 'UD0 UD1 UD2',
  transaction: 'XBEGIN XABORT',
} satisfies Partial<Record<ControlFlow, string>>

let flows: ReadonlyMap<string, ControlFlow> | undefined

const flowsByName = (): ReadonlyMap<string, ControlFlow> =>
  new Map(Object.entries(names).flatMap(([flow, all]) => all.split(' ').map((name) => [name, flow as ControlFlow])))

/** Where the row's instruction goes on. Source: SDM 1 §7.3.8, and the instructions' own pages. */
export function controlFlowOf({ mnemonic, operands }: OpcodeRow): ControlFlow {
  flows ??= flowsByName()
  const flow = flows.get(mnemonic)
  if (flow !== undefined) return flow
  // Jcc
  return operands[0] !== undefined && placeOf(operands[0]).place === 'relative' ? 'conditional' : 'next'
}
