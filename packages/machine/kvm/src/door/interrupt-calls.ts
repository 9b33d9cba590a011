import {
  kvmIoapicState,
  kvmIrqchip,
  kvmIrqfd,
  kvmIrqLevel,
  kvmIrqRouting,
  kvmMsi,
  kvmPicState,
  kvmPitConfig,
  kvmPitState,
  kvmPitState2,
  kvmReinjectControl,
  pitConfigFlags,
} from '@vmm/kvm-uapi'
import { encode, i32 } from '@vmm/layout'
import type { IrqchipState } from '../interrupts/irqchip-state.ts'
import type { Vm } from '../vm.ts'
import { type Call, faulted, type Handlers, put, type Result, returned, taken, takes } from './call.ts'
import { eventFdAt } from './event-fd-at.ts'
import { readRoutes } from './routing-arguments.ts'

/** Calls about interrupt controllers and the timer in the kernel, and about what raises interrupts there. */
export const interruptCalls: Handlers<Vm> = {
  KVM_CREATE_IRQCHIP: (vm) => returned(vm.createIrqchip()),
  KVM_GET_IRQCHIP: getIrqchip,
  KVM_SET_IRQCHIP: takes(kvmIrqchip, ({ interrupts }: Vm, { chip_id, chip }) =>
    returned(interrupts.setState(chip_id, (name) => irqchipState(name, chip))),
  ),
  KVM_IRQ_LINE: takes(kvmIrqLevel, (vm: Vm, { irq, level }) => {
    const answer = vm.irqLine(irq, level !== 0)
    return answer.kind === 'refused' ? answer : 0
  }),
  KVM_IRQ_LINE_STATUS: irqLineStatus,
  KVM_CREATE_PIT: (vm) => returned(vm.createPit2(pitConfigFlags.value.SPEAKER_DUMMY)),
  KVM_CREATE_PIT2: takes(kvmPitConfig, (vm: Vm, { flags }) => returned(vm.createPit2(flags))),
  KVM_GET_PIT: getPit,
  KVM_SET_PIT: takes(kvmPitState, ({ interrupts }: Vm, state) => returned(interrupts.pit.setState(state))),
  KVM_GET_PIT2: getPit2,
  KVM_SET_PIT2: takes(kvmPitState2, ({ interrupts }: Vm, state) => returned(interrupts.pit.setState(state))),
  KVM_REINJECT_CONTROL: takes(kvmReinjectControl, ({ interrupts }: Vm, { pit_reinject }) =>
    returned(interrupts.pit.reinject(pit_reinject !== 0)),
  ),
  KVM_SET_GSI_ROUTING: setGsiRouting,
  KVM_SIGNAL_MSI: takes(kvmMsi, (vm: Vm, message) => returned(vm.signalMsi(message))),
  KVM_IRQFD: takes(kvmIrqfd, (vm: Vm, { fd, gsi, flags, resamplefd }, { task }) =>
    returned(vm.irqfd({ gsi, flags, fd: eventFdAt(task, fd), resamplefd: eventFdAt(task, resamplefd) })),
  ),
  KVM_SET_BOOT_CPU_ID: ({ interrupts }, { argument }) => returned(interrupts.setBootId(argument)),
}

/** The whole struct is read first: what cannot be read is EFAULT, whatever is asked. */
function getIrqchip({ interrupts }: Vm, call: Call): Result {
  const asked = taken(call, kvmIrqchip)
  if (asked === undefined) return faulted(call.name)
  const answer = interrupts.getState(asked.value.chip_id)
  if (answer.kind === 'refused') return answer
  const chip = asked.value.chip.slice()
  const { value } = answer
  chip.set(value.chip === 'io-apic' ? encode(kvmIoapicState, value.state) : encode(kvmPicState, value.state))
  return put(call, kvmIrqchip, { ...asked.value, chip }) ? 0 : faulted(call.name)
}

function irqchipState(chip: IrqchipState['chip'], bytes: Uint8Array): IrqchipState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (chip === 'io-apic') return { chip, state: kvmIoapicState.read(view, 0) }
  return { chip, state: kvmPicState.read(view, 0) }
}

/** What became of it goes where the number of the line was. */
function irqLineStatus(vm: Vm, call: Call): Result {
  const asked = taken(call, kvmIrqLevel)
  if (asked === undefined) return faulted(call.name)
  const { irq, level } = asked.value
  const answer = vm.irqLine(irq, level !== 0)
  if (answer.kind === 'refused') return answer
  return put(call, i32, answer.value) ? 0 : faulted(call.name)
}

/** KVM_GET_PIT reads its argument first, and KVM_GET_PIT2 does not. */
function getPit({ interrupts }: Vm, call: Call): Result {
  if (taken(call, kvmPitState) === undefined) return faulted(call.name)
  const answer = interrupts.pit.getState()
  if (answer.kind === 'refused') return answer
  return put(call, kvmPitState, answer.value) ? 0 : faulted(call.name)
}

function getPit2({ interrupts }: Vm, call: Call): Result {
  const answer = interrupts.pit.getState()
  if (answer.kind === 'refused') return answer
  return put(call, kvmPitState2, answer.value) ? 0 : faulted(call.name)
}

function setGsiRouting(vm: Vm, call: Call): Result {
  const header = taken(call, kvmIrqRouting)
  if (header === undefined) return faulted(call.name)
  const { nr: count, flags } = header.value
  const routes = readRoutes(call, count)
  return returned(vm.setGsiRouting(routes ?? [], { count, flags, unreadable: routes === undefined }))
}
