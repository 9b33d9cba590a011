import type { Saved } from '@vmm/device'
import type { SavedVcpu } from '@vmm/vcpu'
import type { EngineStatistics, HandlerRuns, SavedEngine, SavedMemory } from '@vmm/wasm-engine'
import type { Processor } from './processor.ts'
import type { Vm } from './vm.ts'

/** A vCPU as plain data. */
export interface SavedKvmVcpu {
  readonly vcpu: SavedVcpu
  /** What its time-stamp counter is ahead of the VM's clock. */
  readonly tscOffset: bigint
}

/** A VM without its memory, as plain data: small enough to be hashed as a text. */
export interface SavedState {
  readonly processor: SavedKvmVcpu
  /** Interrupt controllers and timer that are in the kernel. */
  readonly interrupts: Saved
}

/** A VM as plain data: what its guest could see, and what its engine needs to go on with the same instructions. */
export interface SavedVm extends SavedState {
  readonly engine: SavedEngine
}

/**
 * Everything of a VM but what is attached and joined to it, which belongs to others.
 * @throws {RangeError} while an access waits for its answer: finish it first, with `immediate_exit`; or if it has not one vCPU.
 */
export function saveVm(vm: Vm): SavedVm {
  return { engine: only(vm).engine.save(), ...saveState(vm) }
}

/** The same without memory. */
export function saveState(vm: Vm): SavedState {
  const { vcpu, around } = only(vm)
  return { processor: { vcpu: vcpu.save(), tscOffset: around.tsc.offset }, interrupts: vm.interrupts.save() }
}

/**
 * Takes back what `saveVm` gave: the VM has the same memory slots, and its vCPU the same CPUID table.
 * @throws {RangeError} if another version, or a VM of another make, has saved it; this one is then good for nothing.
 */
export function restoreVm(vm: Vm, saved: SavedVm): void {
  const { engine, vcpu, around } = only(vm)
  vcpu.restore(saved.processor.vcpu)
  engine.restore(saved.engine)
  around.tsc.offset = saved.processor.tscOffset
  vm.interrupts.restore(saved.interrupts)
}

/** Runs of pages of guest memory that are not all zero, in the order of their addresses. The bytes are guest memory itself. */
export function usedMemory({ guest }: Vm): Iterable<SavedMemory> {
  return guest.usedMemory()
}

/** What the guest ran most, one by one or by twos, if that is counted. */
export function handlerRuns({ guest }: Vm, what: 'handlers' | 'pairs'): readonly HandlerRuns[] {
  return guest.handlerRuns(what)
}

/** The one processor of a VM: of several nobody has said yet what belongs to whom. */
function only({ vcpus }: Vm): Processor {
  const [first, second] = vcpus
  if (first === undefined || second !== undefined) throw new RangeError('a VM is saved that has one vCPU')
  return first.processor
}

/** What the engine has done for the guest so far, all vCPUs together. */
export function engineStatistics({ guest }: Vm): EngineStatistics {
  return guest.statistics()
}
