import type { HypercallInstruction } from '@vmm/hypercall'
import { gprIndex } from '@vmm/x86-registers'
import { apicAccesses, generalProtection, numericException, type Refused, unanswered } from '@vmm/x86-semantics'
import { codeSizeOf } from './code-size.ts'
import { type Completion, readAhead } from './completion.ts'
import type { CpuidAnswers } from './cpuid-answers.ts'
import { readDevices, writeDevices } from './device-access.ts'
import { readOpcode } from './emulator/opcode.ts'
import type { Engine, EnginePorts } from './engine-port.ts'
import type { Guest } from './guest.ts'
import { answerHypercall } from './hypercall-answer.ts'
import type { KeptPromises } from './kept-promises.ts'
import type { VcpuMachine } from './machine.ts'
import type { MsrAccess } from './msr-access.ts'
import { scalesTime, timeSeen } from './nested/time-of-l2.ts'
import type { VmxOperation } from './nested/vmx-operation.ts'
import { mayHaveXcr0 } from './state/xcrs.ts'
import { exitBits, quirkBits, type VcpuSwitches } from './switches.ts'
import type { Tally } from './tally.ts'

/** What answers an engine. The engine itself is made after its ports. */
export interface Answering {
  readonly engine: () => Engine
  readonly machine: () => VcpuMachine
  readonly cpuid: CpuidAnswers
  readonly msrs: MsrAccess
  readonly completion: Completion
  readonly guest: Guest
  /** The instruction waits for an interrupt. */
  readonly freeze: () => void
  readonly promises: KeptPromises
  /** Whether INT3 is for a debugger, which will be told. */
  readonly holdsBreakpoint: () => boolean
  /** Whether the processor is in system-management mode, which it is to leave now. */
  readonly leavesSmm: () => boolean
  /** Bit n: hypercall n exits to user space. KVM_CAP_EXIT_HYPERCALL. */
  readonly hypercallExits: () => number
  readonly featureBits: () => 'enforced' | 'advisory'
  readonly switches: VcpuSwitches
  readonly tally: Tally
  readonly vmx: VmxOperation
  /** Whether each event is to be told. */
  readonly traces: boolean
}

const DF = 1n << 10n
const VM = 1n << 17n
const pageBytes = 4096
/** IA32_TIME_STAMP_COUNTER. */
const timeStampMsr = 0x10
/** CR0.PE. */
const PE = 1n
/** The instruction waits for an answer. */
const waits: Refused = { kind: 'fault', vector: unanswered }

/** Ports that answer from the machine first, and then ask user space. */
export function enginePorts(by: Answering): EnginePorts {
  const { completion } = by
  return {
    cpuid: (leaf, subleaf) => answerCpuid(by, leaf, subleaf),
    readMsr: (index) => accessMsr(by, 'read', index >>> 0, 0n),
    writeMsr: (index, value) => {
      const given = accessMsr(by, 'write', index >>> 0, value)
      return typeof given === 'bigint' ? undefined : given
    },
    portIn: (port, size, count) => readPort(by, port, size, count),
    portOut: (port, size, value, instruction) => writePort(by, port, size, value, instruction),
    mmioRead: (address, size, purpose) => readBeyondMemory(by, address, size, purpose),
    mmioWrite: (address, size, value) => {
      if (address >= apicAccesses) return by.vmx.apic.store(address % pageBytes, size, value)
      if (by.machine().collects?.(address, size, value) === true) return
      if (writeDevices(by.machine(), address, size, value)) return
      completion.write(address, size, value)
      by.engine().resync()
    },
    unreachable: (address, bytes, purpose) => {
      if (address >= apicAccesses) return by.vmx.exitsForApic({ how: purpose, offset: address % pageBytes, bytes })
      const fault = by.machine().memoryFault?.(address, bytes, purpose)
      if (fault !== undefined) completion.prevent(fault)
      return fault !== undefined || (purpose !== 'fetch' && !isPossible(by, address, purpose))
    },
    touched: (address, access) => {
      const goesOn = by.machine().touched?.(address, access) !== false
      if (!goesOn) completion.prevent({ kind: 'dirty-ring-full' })
      return goesOn
    },
    timeStamp: () => readTimeStamp(by),
    random: () => by.machine().random(),
    taskPriority: () => by.vmx.apic.taskPriority ?? by.machine().taskPriority,
    setTaskPriority: (value) => {
      if (by.vmx.apic.writeTaskPriority(value)) return
      const machine = by.machine()
      const lowered = value < machine.taskPriority
      machine.taskPriority = value
      if (!lowered || machine.localApic !== undefined) return
      completion.prevent({ kind: 'set-tpr' })
      by.engine().resync()
    },
    breakpoint: () => !by.holdsBreakpoint(),
    numericError: () => {
      if (by.machine().numericError?.() !== true) return numericException
      by.freeze()
      return false
    },
    leavesSmm: () => by.leavesSmm(),
    hypercall: (instruction) => by.machine().hypercall() || hypercallBy(by, instruction),
    writeXcr: (index, value) => writeXcr(by, index, value),
    mwaitExtensions: () => mwaitExtensions(by),
    optional: (feature) => by.guest.has(feature),
    vmx: (instruction, first, second, third) => by.vmx.execute(instruction, first, second, third),
    exits: (reason, qualification) => by.vmx.exits(reason, qualification),
    enabled: (reason) => by.vmx.enabled(reason),
    logHasRoom: () => by.vmx.log.hasRoom,
    logPage: (address) => by.vmx.log.add(address),
  }
}

function answerCpuid(by: Answering, leaf: number, subleaf: number): ReturnType<EnginePorts['cpuid']> {
  by.tally.others += 1
  const answer = by.cpuid.answer(by.engine(), by.machine(), leaf >>> 0, subleaf >>> 0)
  // who traces is told each time
  if (!('kind' in answer) && !by.traces) by.engine().known?.cpuid.keep(leaf, subleaf, answer)
  return answer
}

function readTimeStamp(by: Answering): bigint {
  const machine = by.machine()
  const value = timeSeen(by.vmx.state, machine.timeStamp())
  const { ticksPerInstruction = 0 } = machine
  if (ticksPerInstruction > 0 && !by.traces && !scalesTime(by.vmx.state))
    by.engine().known?.timeStamp.keep(value, ticksPerInstruction)
  return value
}

/** The APIC-access page, devices, and then user space. */
function readBeyondMemory(by: Answering, address: number, size: number, purpose: 'data' | 'fetch'): bigint | undefined {
  if (address >= apicAccesses) return by.vmx.apic.load(address % pageBytes, size)
  const value = readDevices(by.machine(), address, size)
  if (value !== undefined) return value
  return purpose === 'fetch' ? by.completion.fetch(address) : by.completion.read(address, size)
}

/** What user space has answered is not counted again. */
function readPort(by: Answering, port: number, size: 1 | 2 | 4, count: number): number | undefined {
  if (!by.completion.unfinished) by.tally.io += 1
  const machine = by.machine()
  const value = machine.portIn(port, size)
  if (value === undefined) return askPort(by, port, size, count)
  const instructions = size === 1 && count === 1 && !by.traces ? (machine.portHolds?.(port) ?? 0) : 0
  if (instructions > 0) by.engine().known?.ports.keepByte(port, value, instructions)
  return value
}

function writePort(by: Answering, port: number, size: 1 | 2 | 4, value: number, instruction: 'OUT' | 'OUTS'): boolean {
  const { completion, tally } = by
  if (!completion.unfinished) {
    tally.io += 1
    if (instruction === 'OUTS') tally.emulated += 1
  }
  const machine = by.machine()
  const isByte = size === 1 && instruction === 'OUT'
  if (isByte && !by.traces && machine.ignoresPort?.(port) === true) by.engine().known?.ports.keep(port)
  return (
    machine.portOut(port, size, value) ||
    tellsPortBehind(by, port, size, value, instruction) ||
    completion.portOut(port, size, value, instruction)
  )
}

/** Emulation makes accesses of instructions. Those that deliver an event have nobody to make them. Source: Linux arch/x86/kvm/vmx/vmx.c, __vmx_handle_exit. */
const isPossible = (by: Answering, address: number, access: 'read' | 'write'): boolean =>
  !by.engine().delivers && isEmulated(by, address, access)

/** Whether KVM's emulator has the instruction that is about to access what is no memory. */
function isEmulated(by: Answering, address: number, access: 'read' | 'write'): boolean {
  if (!by.completion.unfinished) by.tally.emulated += 1
  const code = by.engine().executingCode()
  const instruction = readOpcode(code, () => codeSizeOf(by.engine()) === 64)
  if (instruction === undefined || by.promises.emulatorHas(instruction)) return true
  by.tally.emulationFailures += 1
  by.completion.fail({ address, access, code: code.slice() })
  return false
}

/** Some OUTs are over when user space is told of them. */
function tellsPortBehind(
  by: Answering,
  port: number,
  size: 1 | 2 | 4,
  value: number,
  instruction: 'OUT' | 'OUTS',
): boolean {
  const { completion, promises, switches } = by
  const ahead =
    promises.outsAhead(instruction) || promises.outAhead({ port, quirk: switches.hasQuirk(quirkBits.out7e) })
  if (completion.unfinished || !ahead) return false
  completion.portWritten(port, size, value)
  by.engine().resync()
  return true
}

function mwaitExtensions({ guest, promises, switches }: Answering): number | 'nothing' | undefined {
  const exits = (switches.exitsOff & exitBits.mwait) === 0n
  const listed = guest.has('MONITOR')
  const outcome = promises.mwait({ exits, listed, quirk: switches.hasQuirk(quirkBits.mwaitNeverFaults) })
  if (outcome === 'nothing') return 'nothing'
  if (outcome === 'invalid') return undefined
  if (switches.processor === 'host') return 1
  return listed ? Number(guest.has('MWAIT_INTERRUPT_BREAK')) : undefined
}

/** User space is asked only where the machine wants it to be; its reply ends the instruction, whatever has changed since. */
function accessMsr(
  { completion, msrs, tally, vmx }: Answering,
  access: 'read' | 'write',
  index: number,
  value: bigint,
) {
  const virtual = vmx.inL2 ? virtualMsr(vmx, access, index, value) : undefined
  if (virtual !== undefined) return virtual
  const reply = completion.msrReply()
  if (reply === undefined) tally.others += 1
  if (reply !== undefined) return reply.error ? generalProtection : reply.data
  const outcome = msrs.guest(access, index, value)
  switch (outcome.kind) {
    case 'done':
      return index === timeStampMsr && access === 'read' ? timeSeen(vmx.state, outcome.value) : outcome.value
    case 'fault':
      return generalProtection
    case 'failed':
      completion.prevent(outcome)
      return waits
    default:
      completion.msr(outcome)
      return waits
  }
}

/** MSRs of x2APIC mode that are L2's own; undefined for others. */
function virtualMsr({ apic }: VmxOperation, access: 'read' | 'write', index: number, value: bigint) {
  if (access === 'read') return apic.readMsr(index)
  const taken = apic.writeMsr(index, value)
  if (taken === undefined) return undefined
  return taken ? value : generalProtection
}

/** The bytes of REP INS go to a page of their own: that is how much is asked for at once. */
function askPort({ engine, completion }: Answering, port: number, size: 1 | 2 | 4, count: number): number | undefined {
  const destination = engine().gpr(gprIndex('RDI')) + engine().get('ES.base')
  const backward = (engine().get('RFLAGS') & DF) !== 0n
  return completion.portIn(port, size, readAhead(count, size, destination, backward))
}

/** The other vendor's instruction is no hypercall yet. */
function hypercallBy(by: Answering, instruction: HypercallInstruction): ReturnType<EnginePorts['hypercall']> {
  const { hypercallInstruction: native } = by.switches
  if (native === 'either') return hypercall(by)
  const engine = by.engine()
  const protectedMode = (engine.get('CR0') & PE) !== 0n && (engine.get('RFLAGS') & VM) === 0n
  const verdict = by.promises.hypercallInstruction({
    ...{ instruction, native, protectedMode, cpl: Number(engine.get('CPL')) },
    quirk: by.switches.hasQuirk(quirkBits.fixHypercall) ? 'on' : 'off',
  })
  return verdict.kind === 'hypercall' ? hypercall(by) : verdict
}

function hypercall(by: Answering): boolean {
  const { completion, guest, promises, tally } = by
  const [engine, { others }] = [by.engine(), by.machine()]
  if (!completion.unfinished) tally.hypercalls += 1
  const long = codeSizeOf(engine) === 64
  const granted = { exits: by.hypercallExits(), featureBits: by.featureBits() }
  return answerHypercall({ engine, completion, guest, promises, long, others, ...granted })
}

function writeXcr({ engine, guest, promises }: Answering, index: number, value: bigint): Refused | undefined {
  if (index !== 0 || !mayHaveXcr0(promises, guest.supportedXcr0, value)) return generalProtection
  engine().set('XCR0', value)
  return undefined
}
