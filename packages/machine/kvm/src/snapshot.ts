import type { SavedVcpu } from '@vmm/vcpu'
import type { HandlerRuns, SavedEngine, SavedMemory } from '@vmm/wasm-engine'
import type { Vm } from './vm.ts'

/** A vCPU as plain data. */
export interface SavedKvmVcpu {
  readonly vcpu: SavedVcpu
  /** What its time-stamp counter is ahead of the VM's clock. */
  readonly tscOffset: bigint
}

/** A VM as plain data: what its guest could see, and what its engine needs to go on with the same instructions. */
export interface SavedVm {
  readonly engine: SavedEngine
  readonly processor: SavedKvmVcpu
}

/**
 * Everything of a VM but what is attached and joined to it, which belongs to others.
 * @throws {RangeError} while an access waits for its answer: finish it first, with `immediate_exit`.
 */
export function saveVm(vm: Vm): SavedVm {
  return { engine: vm.processor.engine.save(), processor: saveProcessor(vm) }
}

/** The same without memory: what is small enough to be hashed as a text. */
export function saveProcessor({ processor: { vcpu, around } }: Vm): SavedKvmVcpu {
  return { vcpu: vcpu.save(), tscOffset: around.tscOffset }
}

/**
 * Takes back what `saveVm` gave: the VM has the same memory slots, and its vCPU the same CPUID table.
 * @throws {RangeError} if another version, or a VM of another make, has saved it; this one is then good for nothing.
 */
export function restoreVm({ processor: { engine, vcpu, around } }: Vm, saved: SavedVm): void {
  vcpu.restore(saved.processor.vcpu)
  engine.restore(saved.engine)
  around.tscOffset = saved.processor.tscOffset
}

/** Runs of pages of guest memory that are not all zero, in the order of their addresses. The bytes are guest memory itself. */
export function usedMemory({ processor: { engine } }: Vm): Iterable<SavedMemory> {
  return engine.usedMemory()
}

/** What the guest ran most, one by one or by twos, if that is counted. */
export function handlerRuns({ processor: { engine } }: Vm, what: 'handlers' | 'pairs'): readonly HandlerRuns[] {
  return engine.handlerRuns(what)
}
