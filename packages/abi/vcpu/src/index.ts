export type { MsrReply } from './completion.ts'
export type { AnswersCpuid } from './cpuid-answers.ts'
export type { ApicRegisters, Engine, EnginePorts, EngineStop } from './engine-port.ts'
export type { EventState } from './event-state.ts'
export {
  type DebugExit,
  type FailedEmulation,
  type FailedRun,
  type Fatality,
  type HypercallExit,
  type InternalError,
  type IoExit,
  internalErrors,
  type MemoryFaultExit,
  type MmioExit,
  type MsrExit,
  type VcpuExit,
} from './exit.ts'
export { escalate, type Pending } from './faults.ts'
export type { TableLimits, VcpuHost } from './guest.ts'
export { guestDebugControl } from './guest-debug.ts'
export {
  type ApicIds,
  type ExternalInterrupts,
  type LocalApicPort,
  nobody,
  type OtherProcessors,
  type ProcessorMessage,
  type VcpuMachine,
} from './machine.ts'
export { type MpState, mpStateNumbered, mpStates } from './mp-state.ts'
export type { AnswersMsrs, MsrHomes, MsrOutcome, OnRefusedMsr } from './msr-access.ts'
export type { NestingPort } from './nesting.ts'
export { vcpuPromises } from './promises.ts'
export type { Refusal, UnruledRefusal } from './refusal.ts'
export { allowedCr4 } from './reset.ts'
export type {
  EmulationFailsCall,
  EnterSmmCall,
  GetXsaveCall,
  GuestDebugCall,
  InterruptCall,
  KvmclockCtrlCall,
  LapicCall,
  NmiCall,
  RegisterLimits,
  SetClockCall,
  SetDebugregsCall,
  SetEventsCall,
  SetMpStateCall,
  SetRegsCall,
  SetSregsCall,
  SetTscKhzCall,
  SetXcrsCall,
  SetXsaveCall,
  SignalMaskCall,
  SmiCall,
  SyncRegsCall,
  TprAccessCall,
  TranslateCall,
  VcpuAttributeCall,
} from './rules/calls.ts'
export {
  emulationFailsPipeline,
  enterSmmPipeline,
  getLapicPipeline,
  getVcpuEventsPipeline,
  getXsavePipeline,
  interruptPipeline,
  kvmclockCtrlPipeline,
  nmiPipeline,
  setClockPipeline,
  setDebugregsPipeline,
  setGuestDebugPipeline,
  setLapicPipeline,
  setMpStatePipeline,
  setRegsPipeline,
  setSignalMaskPipeline,
  setSregs2Pipeline,
  setSregsPipeline,
  setTscKhzPipeline,
  setVcpuEventsPipeline,
  setVmTscKhzPipeline,
  setXcrsPipeline,
  setXsavePipeline,
  smiPipeline,
  syncRegsPipeline,
  tprAccessPipeline,
  translatePipeline,
  vcpuAttributePipeline,
} from './rules/pipelines.ts'
export type { RunOptions } from './run-options.ts'
export type { SavedVcpu } from './saved.ts'
export { decodeMsrs, encodeMsrs, maxIoMsrs } from './state/msrs.ts'
export { pdptrsValid } from './state/sregs.ts'
export { type EventCapabilities, validEvents } from './state/vcpu-events.ts'
export type { VcpuState } from './state/vcpu-state.ts'
export type { VcpuSwitches } from './switches.ts'
export { Tally } from './tally.ts'
export type { ExitLevels, ExitReason, GuestLevel, Trace, TraceEvent } from './trace.ts'
export { Vcpu } from './vcpu.ts'
export type { VcpuOptions } from './vcpu-options.ts'
