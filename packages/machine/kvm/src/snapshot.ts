import type { Saved } from '@vmm/device'
import type { SavedVcpu } from '@vmm/vcpu'
import type { EngineStatistics, HandlerRuns, SavedEngine, SavedMemory } from '@vmm/wasm-engine'
import type { Processor } from './processor.ts'
import type { SavedTime } from './time/vm-time.ts'
import type { Vm } from './vm.ts'

/** A vCPU as plain data. */
export interface SavedKvmVcpu {
  readonly vcpu: SavedVcpu
  /** What its time-stamp counter is ahead of the VM's clock. */
  readonly tscOffset: bigint
  /** Its rate, in kilohertz. */
  readonly tscKhz: number
}

/** A VM without its memory, as plain data: small enough to be hashed as a text. */
export interface SavedState {
  /** In the order in which they were made. */
  readonly processors: readonly SavedKvmVcpu[]
  /** What its guests are told the time is, and what decides whether their counters stay in step. */
  readonly time: SavedTime
  /** Interrupt controllers and timer that are in the kernel. */
  readonly interrupts: Saved
}

/** A VM as plain data: what its guest could see, and what its engine needs to go on with the same instructions. */
export interface SavedVm extends SavedState {
  /** With memory, of the first vCPU. */
  readonly engine: SavedEngine
  /** Of the other vCPUs: what is theirs alone. */
  readonly otherEngines: readonly SavedEngine[]
}

/**
 * Everything of a VM but what is attached and joined to it, which belongs to others.
 * @throws {RangeError} while an access waits for its answer: finish it first, with `immediate_exit`; or if it has no vCPU.
 */
export function saveVm(vm: Vm): SavedVm {
  const [first, ...others] = processorsOf(vm)
  const otherEngines = others.map(({ engine }) => engine.save('processor'))
  return { engine: first.engine.save(), otherEngines, ...saveState(vm) }
}

/** The same without memory. */
export function saveState(vm: Vm): SavedState {
  const processors = processorsOf(vm).map(({ vcpu, around: { tsc } }) => {
    return { vcpu: vcpu.save(), tscOffset: tsc.offset, tscKhz: tsc.kHz }
  })
  return { processors, time: vm.time.save(), interrupts: vm.interrupts.save() }
}

/**
 * Takes back what `saveVm` gave: the VM has the same memory slots, and as many vCPUs with the same CPUID tables.
 * @throws {RangeError} if another version, or a VM of another make, has saved it; this one is then good for nothing.
 */
export function restoreVm(vm: Vm, saved: SavedVm): void {
  const processors = processorsOf(vm)
  if (saved.processors.length !== processors.length)
    throw new RangeError(`a VM with ${saved.processors.length} vCPUs was saved, and this has ${processors.length}`)
  for (const [index, { vcpu }] of processors.entries()) vcpu.restore(saved.processors[index]!.vcpu)
  const [first, ...others] = processors
  first.engine.restore(saved.engine)
  for (const [index, { engine }] of others.entries()) engine.restore(saved.otherEngines[index]!, 'processor')
  vm.recount()
  for (const [index, { around }] of processors.entries()) {
    const { tscOffset, tscKhz } = saved.processors[index]!
    Object.assign(around.tsc, { offset: tscOffset, kHz: tscKhz })
  }
  vm.time.restore(saved.time)
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

/** The processors of a VM, in the order in which they were made. */
function processorsOf({ vcpus }: Vm): readonly [Processor, ...Processor[]] {
  const [first, ...others] = vcpus
  if (first === undefined) throw new RangeError('a VM without vCPUs has nothing to save')
  return [first.processor, ...others.map(({ processor }) => processor)]
}

/** What the engine has done for the guest so far, all vCPUs together. */
export function engineStatistics({ guest }: Vm): EngineStatistics {
  return guest.statistics()
}
