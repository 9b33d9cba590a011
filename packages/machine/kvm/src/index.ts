export { type Answer, type Done, done } from './answer.ts'
export { KvmIoBus } from './buses/io-bus.ts'
export { IoEventFds, type IoeventfdCall } from './buses/io-eventfds.ts'
export { KvmMmioBus } from './buses/mmio-bus.ts'
export { VmBuses } from './buses/vm-buses.ts'
export type { EnableCap } from './capabilities/enable-cap.ts'
export { type IoctlResult, ioctl } from './door/ioctl.ts'
export { KvmFile, type KvmObject, type MmapAsked, openEventFd, openFile } from './door/kvm-file.ts'
export { EventFd, type EventFdListener, type EventFdOptions, type EventFdReadiness } from './event-fd.ts'
export { factsOf } from './host-facts.ts'
export type { GsiRoute } from './interrupts/gsi-routing.ts'
export type { DistantApic } from './interrupts/local-apics.ts'
export type { MessageWrite } from './interrupts/message.ts'
export type { ProcessorSignal } from './interrupts/other-processors.ts'
export type { IrqfdCall, RoutingHeader, VmInterrupts } from './interrupts/vm-interrupts.ts'
export { Kvm, openKvm } from './kvm.ts'
export type { ClearDirtyLog, DirtyLogs } from './memory/dirty-logs.ts'
export type { DirtyRing } from './memory/dirty-ring.ts'
export { GuestMemfd } from './memory/guest-memfd.ts'
export type { MmuSettings } from './memory/mmu-settings.ts'
export {
  type GuestMemory,
  type MemoryAttributes,
  type MemoryLimits,
  type PreFaultRange,
  VmMemory,
} from './memory/vm-memory.ts'
export { type KvmOptions, profileFrom } from './options.ts'
export { type CreateEngine, Processor, type ProcessorEngine, type Watching } from './processor.ts'
export { kvmPromises } from './promises.ts'
export type { CoalescedZone } from './rules/coalesced-mmio/case.ts'
export type { MemoryRegion, Memslot } from './rules/set-user-memory-region/case.ts'
export type { RunOnce } from './run/run-signals.ts'
export { RunPage } from './run-page.ts'
export {
  engineStatistics,
  handlerRuns,
  restoreVm,
  type SavedKvmVcpu,
  type SavedState,
  type SavedVm,
  saveState,
  saveVm,
  usedMemory,
} from './snapshot.ts'
export type { Task, TaskSignals } from './task.ts'
export { type CreateVmClock, createInstructionClock, type VmClock } from './time/vm-clock.ts'
export { translateLinear } from './translate-linear.ts'
export {
  type Copy,
  type MappedMemory,
  type MappedPiece,
  type MappingAccess,
  observed,
  ProcessMemory,
  type UserMemory,
} from './user-memory.ts'
export { KvmVcpu } from './vcpu.ts'
export type { VcpuInterrupts, VcpuWires } from './vcpu-machine.ts'
export { Vm } from './vm.ts'
