import {
  type HypercallCompleter,
  type HypercallDecider,
  type HypercallPatcher,
  hypercallCompleter,
  hypercallDecider,
  hypercallPatcher,
} from '@vmm/hypercall'
import { type KvmEntryFailure, kvmEntryFailure, type VmxRules, vmxRules } from '@vmm/nested-vmx'
import { deedOf, type Profile, profileOf, type ResolvedPipeline, resolve } from '@vmm/rule'
import type { MemoryInstruction } from './emulator/opcode.ts'
import type * as Call from './rules/calls.ts'
import { emulatorHas } from './rules/emulation/emulator-has.rule.ts'
import { mwaitDoesNothing } from './rules/guest/mwait-does-nothing.rule.ts'
import { outAheadOfExit } from './rules/guest/out-ahead-of-exit.rule.ts'
import { outsAheadOfExit } from './rules/guest/outs-ahead-of-exit.rule.ts'
import * as pipelines from './rules/pipelines.ts'

/** What a vCPU keeps of the calls on its state, and of its guest's own: their steps, as one release has them. */
export interface KeptPromises {
  readonly setSregs: ResolvedPipeline<Call.SetSregsCall>
  readonly setSregs2: ResolvedPipeline<Call.SetSregsCall>
  readonly setDebugregs: ResolvedPipeline<Call.SetDebugregsCall>
  readonly setVcpuEvents: ResolvedPipeline<Call.SetEventsCall>
  readonly getVcpuEvents: ResolvedPipeline<Call.GetEventsCall>
  readonly setMpState: ResolvedPipeline<Call.SetMpStateCall>
  readonly getLapic: ResolvedPipeline<Call.LapicCall>
  readonly setLapic: ResolvedPipeline<Call.LapicCall>
  readonly setXcrs: ResolvedPipeline<Call.SetXcrsCall>
  readonly getXsave: ResolvedPipeline<Call.GetXsaveCall>
  readonly setXsave: ResolvedPipeline<Call.SetXsaveCall>
  readonly interrupt: ResolvedPipeline<Call.InterruptCall>
  readonly setGuestDebug: ResolvedPipeline<Call.GuestDebugCall>
  readonly emulationFails: ResolvedPipeline<Call.EmulationFailsCall>
  readonly smi: ResolvedPipeline<Call.SmiCall>
  readonly enterSmm: ResolvedPipeline<Call.EnterSmmCall>
  readonly hypercall: HypercallDecider
  readonly completeHypercall: HypercallCompleter
  readonly hypercallInstruction: HypercallPatcher
  /** Whether KVM's emulator has an instruction that accesses what is no memory. */
  readonly emulatorHas: (instruction: MemoryInstruction) => boolean
  readonly mwait: (call: Call.MwaitCall) => Call.MwaitOutcome
  /** Whether RIP is behind an OUT that user space is asked for. */
  readonly outAhead: (call: Call.OutCall) => boolean
  /** What VMXON and VMLAUNCH get instead of what they ask for, and what is wrong with a guest that L2 is entered with. */
  readonly vmx: VmxRules
  readonly guestState: KvmEntryFailure<'exit'>
  /** Whether user space is told of a value behind its instruction, because of the instruction. */
  readonly outsAhead: (instruction: 'OUT' | 'OUTS') => boolean
}

/** The release whose promises are kept where none is named: the newest whose source was read whole. */
export const usualProfile: Profile = profileOf('6.12.117')

/** Finds out once what a release promises. */
export function keptPromises(profile: Profile): KeptPromises {
  return {
    setSregs: resolve(pipelines.setSregsPipeline, profile),
    setSregs2: resolve(pipelines.setSregs2Pipeline, profile),
    setDebugregs: resolve(pipelines.setDebugregsPipeline, profile),
    setVcpuEvents: resolve(pipelines.setVcpuEventsPipeline, profile),
    getVcpuEvents: resolve(pipelines.getVcpuEventsPipeline, profile),
    setMpState: resolve(pipelines.setMpStatePipeline, profile),
    getLapic: resolve(pipelines.getLapicPipeline, profile),
    setLapic: resolve(pipelines.setLapicPipeline, profile),
    setXcrs: resolve(pipelines.setXcrsPipeline, profile),
    getXsave: resolve(pipelines.getXsavePipeline, profile),
    setXsave: resolve(pipelines.setXsavePipeline, profile),
    interrupt: resolve(pipelines.interruptPipeline, profile),
    setGuestDebug: resolve(pipelines.setGuestDebugPipeline, profile),
    emulationFails: resolve(pipelines.emulationFailsPipeline, profile),
    smi: resolve(pipelines.smiPipeline, profile),
    enterSmm: resolve(pipelines.enterSmmPipeline, profile),
    hypercall: hypercallDecider(profile),
    completeHypercall: hypercallCompleter(profile),
    hypercallInstruction: hypercallPatcher(profile),
    emulatorHas: deedOf(emulatorHas, profile),
    mwait: deedOf(mwaitDoesNothing, profile),
    outAhead: deedOf(outAheadOfExit, profile),
    outsAhead: deedOf(outsAheadOfExit, profile),
    vmx: vmxRules(profile),
    guestState: kvmEntryFailure(profile, 'exit'),
  }
}
