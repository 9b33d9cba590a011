import type { IoApic } from '@vmm/io-apic'
import type { KvmIoapicState, KvmPicState } from '@vmm/kvm-uapi'
import type { PicRegisters } from '@vmm/pic'
import type { Controllers } from './controllers.ts'

/** The kernel counts the words of an initialization from the one that began it; we name the one that comes next. */
const initStates = [0, 2, 3, 4]

/** An 8259A as `struct kvm_pic_state`. */
function picStateOf(registers: PicRegisters): KvmPicState {
  return {
    last_irr: registers.lines,
    irr: registers.irr,
    imr: registers.imr,
    isr: registers.isr,
    priority_add: registers.highest,
    irq_base: registers.vectorBase,
    read_reg_select: registers.readIsr,
    poll: registers.poll,
    special_mask: registers.specialMask,
    init_state: Math.max(initStates.indexOf(registers.awaiting), registers.awaiting > 4 ? registers.awaiting - 1 : 0),
    auto_eoi: registers.autoEoi,
    rotate_on_auto_eoi: registers.rotateOnAutoEoi,
    special_fully_nested_mode: registers.fullyNested,
    init4: registers.needsIcw4,
    elcr: registers.elcr,
    elcr_mask: registers.elcrWritable,
  }
}

/** And back. */
function picRegistersOf(state: KvmPicState): PicRegisters {
  return {
    lines: state.last_irr,
    irr: state.irr,
    isr: state.isr,
    imr: state.imr,
    elcr: state.elcr,
    elcrWritable: state.elcr_mask,
    vectorBase: state.irq_base,
    highest: state.priority_add,
    awaiting: initStates[state.init_state] ?? state.init_state + 1,
    needsIcw4: state.init4,
    specialMask: state.special_mask,
    fullyNested: state.special_fully_nested_mode,
    autoEoi: state.auto_eoi,
    rotateOnAutoEoi: state.rotate_on_auto_eoi,
    readIsr: state.read_reg_select,
    poll: state.poll,
  }
}

/** The I/O APIC as `struct kvm_ioapic_state`. */
function ioApicStateOf({ ioApic, ioApicBase }: Controllers): KvmIoapicState {
  const { select, id, requests, entries } = ioApic.readRegisters()
  return { base_address: ioApicBase, ioregsel: select, id, irr: requests >>> 0, redirtbl: [...entries] }
}

/** And back: what it asks for is asked for again. */
function takeIoApicState(controllers: Controllers, state: KvmIoapicState): void {
  const { base_address, ioregsel: select, id, irr: requests, redirtbl: entries } = state
  controllers.ioApicBase = base_address
  const ioApic: IoApic = controllers.ioApic
  ioApic.writeRegisters({ select, id, requests, entries })
}

/** One of the controllers in the kernel, as its struct. */
export type IrqchipState =
  | { readonly chip: 'pic-master' | 'pic-slave'; readonly state: KvmPicState }
  | { readonly chip: 'io-apic'; readonly state: KvmIoapicState }

const chipsByNumber = ['pic-master', 'pic-slave', 'io-apic'] as const

/** The one of a number, KVM_IRQCHIP_*. */
export function chipNumbered(number: number): IrqchipState['chip'] | undefined {
  return chipsByNumber[number]
}

/** What a controller is. */
export function stateOfChip(controllers: Controllers, chip: IrqchipState['chip']): IrqchipState {
  if (chip === 'io-apic') return { chip, state: ioApicStateOf(controllers) }
  return { chip, state: picStateOf(controllers.pic.readRegisters(chip === 'pic-master' ? 'master' : 'slave')) }
}

/** Takes that from outside. */
export function takeStateOfChip(controllers: Controllers, given: IrqchipState): void {
  if (given.chip === 'io-apic') takeIoApicState(controllers, given.state)
  else controllers.pic.writeRegisters(given.chip === 'pic-master' ? 'master' : 'slave', picRegistersOf(given.state))
}
