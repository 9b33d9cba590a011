import type { Vm } from '../vm.ts'
import { busCalls } from './bus-calls.ts'
import type { Call, Handlers, Result } from './call.ts'
import { capabilityCalls } from './capability-calls.ts'
import { deviceMakingCalls } from './device-calls.ts'
import { interruptCalls } from './interrupt-calls.ts'
import { KvmFile } from './kvm-file.ts'
import { memoryCalls } from './memory-calls.ts'
import { vmMsrCalls } from './msr-calls.ts'
import { paravirtualCalls } from './paravirtual-calls.ts'
import { vmStatisticsCalls } from './statistics-calls.ts'
import { vmTimeCalls } from './time-calls.ts'

/** What a VM does with the calls that it knows. */
export const vmCalls: Handlers<Vm> = {
  KVM_CREATE_VCPU: createVcpu,
  ...busCalls,
  ...capabilityCalls,
  ...deviceMakingCalls,
  ...interruptCalls,
  ...memoryCalls,
  ...vmMsrCalls,
  ...paravirtualCalls,
  ...vmStatisticsCalls,
  ...vmTimeCalls,
}

function createVcpu(vm: Vm, { argument, task }: Call): Result {
  const made = vm.createVcpu(argument)
  return made.kind === 'refused' ? made : new KvmFile({ kind: 'vcpu', vm, vcpu: made.value }, task.mm)
}
