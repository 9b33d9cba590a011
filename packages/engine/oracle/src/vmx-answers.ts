import { exceptions } from '@vmm/x86-registers'
import { type Surroundings, secondLevelFault, type VmxOutcome, vmxMnemonics } from '@vmm/x86-semantics'
import { Fault, Unanswered } from './fault.ts'

type Answer = (...values: readonly bigint[]) => readonly bigint[]

const nothing: readonly bigint[] = []

/** Who leaves for L1 or L2 does so once whoever runs the oracle is back: the instruction does not happen. */
const leave = (): never => {
  throw new Unanswered()
}

const refuse = (vector: number, errorCode?: number): never => {
  throw new Fault(vector, errorCode)
}

const noInstruction: VmxOutcome = { kind: 'fault', vector: exceptions.UD.vector }

function outcome(came: VmxOutcome = noInstruction): readonly bigint[] {
  switch (came.kind) {
    case 'succeeded':
      return [came.value, 0n]
    case 'failed':
      return [0n, came.how === 'invalid' ? 1n : 2n]
    case 'entered':
    case 'elsewhere':
      return leave()
    default:
      return refuse(came.vector, came.errorCode)
  }
}

/** What descriptions ask about VMX. */
export function vmxAnswers(
  ports: Surroundings,
): Readonly<Record<'vmx' | 'exits' | 'enabled' | 'secondLevelFault' | 'logHasRoom' | 'logPage', Answer>> {
  return {
    vmx: (number, first, second, third) => outcome(ports.vmx?.(vmxMnemonics[Number(number)]!, first!, second!, third!)),
    exits: (reason, qualification) =>
      (ports.exits?.(Number(reason), qualification!) ?? false) === false ? nothing : leave(),
    enabled: (reason) => (ports.enabled?.(Number(reason)) === false ? refuse(exceptions.UD.vector) : nothing),
    secondLevelFault: (reason) => refuse(secondLevelFault, Number(reason)),
    logHasRoom: () => [ports.logHasRoom?.() === false ? 0n : 1n],
    logPage: (address) => {
      ports.logPage?.(address!)
      return nothing
    },
  }
}
