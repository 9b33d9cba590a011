import type { Initiator } from '@vmm/msr'
import type { MemoryFaultExit } from './exit.ts'

/**
 * The machine around one vCPU. Ports and memory that it does not answer are exits; without a local APIC there are only
 * the interrupts that are queued.
 */
export interface VcpuMachine {
  /** Undefined: nobody here answers, user space must. */
  portIn(port: number, size: 1 | 2 | 4): number | undefined
  /** False: nobody here takes it. */
  portOut(port: number, size: 1 | 2 | 4, value: number): boolean
  /** Whether a byte that is written to a port goes nowhere, now and until something is written to a device or user space runs. */
  ignoresPort?(port: number): boolean
  /**
   * For how many instructions a byte that was just read from a port is what is there: as long as nothing is written to a device and
   * user space does not run. Left out, for none.
   */
  portHolds?(port: number): number
  /** On a boundary of its size. Undefined: nobody here answers at this address. */
  mmioRead(address: number, size: 1 | 2 | 4 | 8): bigint | undefined
  mmioWrite(address: number, size: 1 | 2 | 4 | 8, value: bigint): boolean
  /** A store to no memory, of one to eight bytes on whatever boundary, before any device is asked. True: it is done. */
  collects?(address: number, bytes: number, value: bigint): boolean
  /**
   * An access is about to be made where no memory is, or none that can be written: whether it is user space's fault. Left out,
   * devices are there.
   */
  memoryFault?(address: number, bytes: number, access: 'read' | 'write' | 'fetch'): MemoryFaultExit | undefined
  /**
   * A page of memory that is logged is about to be loaded from or stored to, for the first time in a while. False: user space
   * must first collect which were.
   */
  touched?(address: number, access: 'load' | 'store'): boolean
  /** The time-stamp counter now. */
  timeStamp(): bigint
  /** What an instruction adds to it, a whole number, where nothing else does while the vCPU runs; left out, or 0, something may. */
  readonly ticksPerInstruction?: number
  setTimeStamp(value: bigint): void
  random(): bigint
  /** Whether a maskable interrupt waits. */
  interruptPending(): boolean
  /** Takes it: its vector. */
  acknowledge(): number
  /** The local APIC's MSRs: IA32_APIC_BASE, IA32_TSC_DEADLINE and x2APIC. `undefined` and `false` are #GP(0). */
  readApicMsr(index: number): bigint | undefined
  writeApicMsr(index: number, value: bigint, initiator: Initiator): boolean
  taskPriority: number
  /** A paravirtual clock register was written: 4B564D00H, 4B564D01H and their old numbers. */
  writePvClock(index: number, value: bigint): void
  /**
   * FERR#: an x87 error without CR0.NE. True: an interrupt will come of it, and the instruction waits. False, or left out: it is
   * #MF all the same, as for every guest of a processor that KVM runs with CR0.NE set. Source: arch/x86/kvm/vmx/vmx.c, KVM_VM_CR0_ALWAYS_ON.
   */
  numericError?(): boolean
  /** Takes a hypercall whole, RAX included. False: the vCPU decides by itself. */
  hypercall(): boolean
  /** The other processors of the machine; left out, there is none. */
  readonly others?: OtherProcessors | undefined
  /** The local APIC's registers as a page; left out, there is no APIC in the kernel. */
  readonly localApic?: LocalApicPort | undefined
}

/** The other processors of a machine, as hypercalls name them: by APIC IDs. */
export interface OtherProcessors {
  /** One that is halted goes on, or does not halt the next time. */
  kick(apicId: number): void
  /** This one has nothing to do before that one has run. */
  yieldTo(apicId: number): void
  /** Gives how many have taken it. */
  send(message: ProcessorMessage): number
}

/** An interrupt from one processor to others. */
export interface ProcessorMessage {
  readonly apicIds: readonly number[]
  readonly vector: number
  /** By its three-bit number. Source: SDM 3A §11.6.1. */
  readonly deliveryMode: number
  readonly trigger: 'edge' | 'level'
}

/** A local APIC whose state travels with the vCPU's. Registers are at sixteen times their numbers, 1 KiB in all. */
export interface LocalApicPort {
  readRegisters(): Uint8Array
  /** Takes such a page, and in x2APIC mode the ID, which is none of it. */
  writeRegisters(page: Uint8Array, x2apicId?: number): void
  /** INIT: everything but the ID and IA32_APIC_BASE. */
  initialize(): void
  /** What is in service is over, as by a write to its EOI register. */
  endOfInterrupt?(): void
  /** Whether the processor is the one that starts the machine. */
  readonly bootstrap: boolean
  /** How its ID stands in the page; left out, in eight bits. */
  readonly ids?: ApicIds
  /** User space is the PIC: KVM_INTERRUPT gives a vector, which waits until the APIC lets it pass. Left out, the PIC is in the kernel. */
  readonly external?: ExternalInterrupts
}

/** What KVM_GET_LAPIC and KVM_SET_LAPIC go by for an ID. */
export interface ApicIds {
  readonly x2apicMode: boolean
  /** KVM_X2APIC_API_USE_32BIT_IDS. */
  readonly long: boolean
  readonly own: number
}

/** The vectors of a PIC in user space. */
export interface ExternalInterrupts {
  /** The one that waits. */
  readonly vector: number | undefined
  /** Whether the APIC would let one pass. */
  readonly accepts: boolean
  queue(vector: number): void
}

/**
 * Nobody: what a vCPU has around it where nothing is given. Its time-stamp counter counts instructions and cannot be
 * set, and its random numbers follow from that count. Of a local APIC there is IA32_APIC_BASE alone, for user space to set.
 */
export function nobody(retired: () => number, processor: 'bootstrap' | 'other' = 'bootstrap'): VcpuMachine {
  let apicBase = processor === 'bootstrap' ? 0xfee0_0900n : 0xfee0_0800n
  return {
    portIn: () => undefined,
    portOut: () => false,
    mmioRead: () => undefined,
    mmioWrite: () => false,
    timeStamp: () => BigInt(retired()),
    setTimeStamp: () => {},
    random: () => scattered(BigInt(retired() + 1)),
    interruptPending: () => false,
    acknowledge: () => 0,
    readApicMsr: (index) => (index === 0x1b ? apicBase : undefined),
    writeApicMsr: (index, value, initiator) => {
      if (index !== 0x1b || (initiator === 'guest' && value !== apicBase)) return false
      apicBase = value
      return true
    },
    taskPriority: 0,
    writePvClock: () => {},
    hypercall: () => false,
  }
}

/** Neighbouring numbers far apart, in 64 bits. */
function scattered(value: bigint): bigint {
  const once = BigInt.asUintN(64, value * 0x9e37_79b9_7f4a_7c15n)
  return BigInt.asUintN(64, (once ^ (once >> 29n)) * 0xbf58_476d_1ce4_e5b9n)
}
