import type { FieldBeside, ProcessorRegisters, TranslationSpace } from '@vmm/x86-registers'
import type { Surroundings } from '@vmm/x86-semantics'

/** What an engine asks while it runs; the vCPU answers all of it, from its tables and its machine. */
export type EnginePorts = Required<Surroundings>

/** Why an engine stopped. */
export type EngineStop =
  | { readonly kind: 'budget' }
  | { readonly kind: 'events' }
  | { readonly kind: 'exit'; readonly reason: 'none' | 'hlt' | 'mwait' | 'pause' | 'shutdown' }
  | { readonly kind: 'fault'; readonly vector: number; readonly errorCode: number | undefined }
  /** The instruction at RIP has not happened: a port had no answer yet. */
  | { readonly kind: 'waiting' }

/** Registers of a local APIC as an engine has them, by their x2APIC number: a sixteenth of where they are in the page. */
export interface ApicRegisters {
  /** The task priority register itself. */
  taskPriority: number
  /** The guest-physical address of the page that they are seen in; below zero, they are in none. Nothing is known of them there yet. */
  set place(address: number)
  /** What a load of a register gives, 0 to 63, until `forget`. */
  show(number: number, value: number): void
  /** Until `forget` a store to the task priority register does nothing but change it, and with it the processor priority. */
  letWrite(): void
  /** Anything may be otherwise now. */
  forget(): void
}

/** What an engine need not ask again, once it has been told. */
export interface KnownAnswers {
  readonly cpuid: {
    /** What CPUID answers at the privilege level of now, until `forget`, or until CR4, XCR0 or an MSR is written. */
    keep(leaf: number, subleaf: number, answer: readonly [number, number, number, number]): void
    /** How often it was answered so since the last look. */
    takeAnswered(): number
  }
  readonly ports: {
    /** A byte that OUT writes to a port goes nowhere, until `forget`, or until something is written to any device. */
    keep(port: number): void
    /** So many instructions from now on a byte that IN reads from a port is this one, until `forget`, or as long. */
    keepByte(port: number, value: number, instructions: number): void
    /** How often such ports were written to and read from since the last look. */
    takeAccesses(): number
  }
  readonly timeStamp: {
    /** The time-stamp counter shows this now, and so many more behind each instruction, until `forget`, or until an MSR is written. */
    keep(value: bigint, perInstruction: number): void
    forget(): void
  }
  readonly accesses: {
    /** How many accesses to what is no memory were let through since the last look because the same instruction's were before. */
    takeRepeated(): number
  }
  /** Fields of a VMCS in the memory beside the state that VMREAD and VMWRITE in root operation find there. */
  readonly fields: {
    /** These fields alone are known, until `forget`. */
    keep(fields: readonly FieldBeside[]): void
    /** Those that were kept last are known again. */
    again(): void
    forget(): void
    /** The bits that were left since the last look. */
    takeMarks(): number
  }
  /** Registers of its local APIC that the guest may access without anybody being asked. */
  readonly apic: ApicRegisters & {
    /** How often it has since the last look. */
    takeAccesses(): number
  }
  /** Whether `run` comes back behind PAUSE. It does unless told. */
  set stopsAtPause(stops: boolean)
  /** Anything may be otherwise now, but fields of a VMCS, which are where they are. */
  forget(): void
}

/** Anything that executes x86: the vCPU's rules need no more than this of it. */
export interface Engine extends ProcessorRegisters {
  /** The bytes of a vector register, at least 32 of them: writing them writes the register. */
  vector(index: number): Uint8Array
  /** An x87 register by physical number: eight bytes of significand, two of sign and exponent. */
  x87(physical: number): Uint8Array
  /** What the engine derives from control registers, segments and flags follows them. */
  modeChanged(): void
  /** Watches for a debugger's data breakpoints in place of the guest's, or for the guest's again. */
  breakInstead(instead: { readonly address: (index: 0 | 1 | 2 | 3) => bigint; readonly dr7: number } | undefined): void
  /** Every translation is forgotten, and CR3 is looked at again. */
  flushTranslations(): void
  /** Whose translations are used and made from now on; CR3 and CR4 are looked at again, for the PCID, and the mode. Nothing is forgotten. */
  useTranslations(space: TranslationSpace): void
  /** All that such spaces have is forgotten, or what they have of one linear address. */
  forgetTranslations(which: (space: TranslationSpace) => boolean, linear?: bigint): void
  /** Guest memory at a physical address, as far as it goes; undefined where there is none. */
  physical(address: number): Uint8Array | undefined
  /** Writes there. False where so much memory is not. */
  writePhysical(address: number, bytes: Uint8Array): boolean
  /** The guest-physical addresses that the processor uses: those of system-management mode, or the others. */
  set addressSpace(space: 'ordinary' | 'smm')
  /** Instructions retired since the beginning: exact at any moment. */
  retired(): number
  /** The instruction that is asking its surroundings, and the one behind it. */
  executing(): { readonly rip: bigint; readonly next: bigint }
  /** How many bytes that instruction has, also when `run` has come back because it waits. */
  readonly executingBytes: number
  /** The bytes of that instruction, and of what follows in its page: at most 15. They are looked at at once. */
  executingCode(): Uint8Array
  /** Between runs: where the next instruction is, as a linear address. */
  readonly linearRip: bigint
  /** The instruction at RIP is over, of so many bytes, and nothing of it is left for `run`: somebody outside has done it. */
  skip(bytes: number): void
  /** The block under execution ends after this instruction and `run` comes back. */
  resync(): void
  /**
   * While an instruction asks its surroundings: it has not happened and RIP is its own, or it is over and RIP is behind it; and state may be changed
   * as between two runs. When it is answered with `elsewhere`, the run goes on with whatever that is then, with faults as told. Gives how many
   * bytes the instruction has, or 0 where that cannot be, and nothing has been done. Left out, it never can.
   */
  abandon?(next: 'again' | 'behind', faults: 'stop' | 'deliver'): number
  eventPending: boolean
  /** RFLAGS.IF. */
  readonly interruptFlag: boolean
  readonly interruptible: boolean
  readonly shadowed: boolean
  /** Whether no step, breakpoint or debug trap is due: instructions need no look one by one. */
  readonly quiet: boolean
  /**
   * Runs at most so many instructions, and where it may be only `about` so many, as many of them as it likes. RF goes when an instruction
   * is complete. An engine that is told to deliver faults may do so by itself where nothing comes of it but the delivery; `takeDelivered`
   * tells how many there were since the last look.
   */
  run(budget: number, faults: 'stop' | 'deliver', end?: 'exactly' | 'about'): EngineStop
  takeDelivered(): number
  /** Left out, everything is asked. */
  readonly known?: KnownAnswers
  /** Data breakpoints met and debug traps asked for since the last look, as bits of DR6. */
  takeDebugHits(): number
  /** Whether `deliver` is under way: no instruction asks then. */
  readonly delivers: boolean
  /**
   * Delivers through the IDT; gives the fault that delivery met, `moved` if it belongs to a task that was switched to.
   * `kind`: 0 exception, 1 software, 2 external, 3 trap.
   */
  deliver(
    vector: number,
    kind: number,
    errorCode: number | undefined,
    returnRip: bigint,
  ): { readonly vector: number; readonly errorCode: number | undefined; readonly moved?: boolean } | undefined
}
