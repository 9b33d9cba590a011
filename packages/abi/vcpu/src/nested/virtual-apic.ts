import {
  type ApicAccess,
  apicAccessQualification,
  exitNumbers,
  hasPrimaryControl,
  hasSecondaryControl,
  isApicAccessVirtualized,
  primaryBit,
  virtualApicRegisters as register,
  secondaryBit,
  selfIpiVector,
  type VmxState,
} from '@vmm/nested-vmx'
import type { L2Exit } from './l2-exit.ts'
import { VirtualApicPage } from './virtual-apic-page.ts'
import { VirtualInterrupts } from './virtual-interrupts.ts'
import type { VmxParts } from './vmx-parts.ts'

/** MSRs of x2APIC mode, and those that may be virtual when they are written. Source: SDM 3C 30.5. */
const x2apic = { first: 0x800, last: 0x8ff, taskPriority: 0x808, end: 0x80b, selfIpi: 0x83f } as const
const pageBytes = 4096

/**
 * The local APIC of L2, as far as the processor virtualizes it: CR8, MSRs of x2APIC mode, and the APIC-access page. What follows from a
 * write comes behind its instruction.
 *
 * Source: SDM 3C 30 APIC Virtualization and Virtual Interrupts.
 */
export class VirtualApic {
  readonly interrupts: VirtualInterrupts
  /** The exit that follows the instruction. */
  due: L2Exit | undefined
  readonly #parts: VmxParts
  readonly #state: VmxState
  readonly #page: VirtualApicPage

  constructor(parts: VmxParts, state: VmxState) {
    this.#parts = parts
    this.#state = state
    this.#page = new VirtualApicPage(parts, state)
    this.interrupts = new VirtualInterrupts(parts, state, this.#page)
  }

  /** What CR8 reads as; undefined where the task priority is not shadowed. Source: SDM 3C 30.3. */
  get taskPriority(): number | undefined {
    return this.#isShadowed() ? (this.#page.word(register.VTPR) >>> 4) & 15 : undefined
  }

  /** CR8 is written. False where the task priority is not shadowed. */
  writeTaskPriority(value: number): boolean {
    if (!this.#isShadowed()) return false
    this.#setTaskPriority((value & 15) << 4)
    return true
  }

  /** RDMSR; undefined where it is not virtual. */
  readMsr(index: number): bigint | undefined {
    if (!this.#hasMsr(index)) return undefined
    const isVirtual =
      index === x2apic.taskPriority || hasSecondaryControl(this.#state.vmcs, secondaryBit.APIC_REGISTERS)
    return isVirtual ? this.#page.read((index & 0xff) << 4, 8) : undefined
  }

  /** WRMSR: false is #GP(0), and undefined that it is not virtual. */
  writeMsr(index: number, value: bigint): boolean | undefined {
    if (!this.#hasMsr(index)) return undefined
    const most = index === x2apic.end ? 0n : 0xffn
    if (index === x2apic.taskPriority) {
      if (value > most) return false
      this.#page.write(register.VTPR, 8, value)
      this.#taskPriorityWritten()
      return true
    }
    if ((index !== x2apic.end && index !== x2apic.selfIpi) || !this.interrupts.areOn) return undefined
    if (value > most) return false
    this.#page.write((index & 0xff) << 4, 8, value)
    if (index === x2apic.end) this.#end()
    else if (value < 16n) this.#tellWrite(register.SELF_IPI)
    else this.interrupts.request(Number(value))
    return true
  }

  /** The exit for an access to the APIC-access page; undefined where it is virtualized. */
  exitFor(access: ApicAccess, by: 'instruction' | 'delivery'): L2Exit | undefined {
    if (isApicAccessVirtualized(this.#state.vmcs, access)) return undefined
    return { reason: exitNumbers.APIC_ACCESS, qualification: apicAccessQualification(access, by) }
  }

  /** A load from the APIC-access page that is virtualized. */
  load(offset: number, bytes: number): bigint {
    return this.#page.read(offset, Math.min(bytes, pageBytes - offset))
  }

  /** A store to it. Source: SDM 3C 30.4.3.2 APIC-Write Emulation. */
  store(offset: number, bytes: number, value: bigint): void {
    this.#page.write(offset, bytes, value)
    const delivers = this.interrupts.areOn
    const command = offset === register.VICR_LO && delivers ? selfIpiVector(this.#page.word(offset)) : undefined
    if (offset === register.VTPR) this.#setTaskPriority(this.#page.word(offset) & 0xff)
    else if (offset === register.VEOI && delivers) {
      this.#page.setWord(offset, 0)
      this.#end()
    } else if (command !== undefined) this.interrupts.request(command)
    else if (offset >>> 4 === register.VICR_HI >>> 4)
      this.#page.setWord(register.VICR_HI, this.#page.word(register.VICR_HI) & 0xff00_0000)
    else this.#tellWrite(offset)
  }

  /** L2 has been entered. */
  entered(): void {
    this.due = undefined
    this.interrupts.forget()
    if (this.#isShadowed()) this.#taskPriorityWritten()
  }

  /** The exit that is due, once. */
  take(): L2Exit | undefined {
    const { due } = this
    this.due = undefined
    return due
  }

  #setTaskPriority(value: number): void {
    this.#page.setWord(register.VTPR, value)
    this.#taskPriorityWritten()
  }

  /** Source: SDM 3C 30.1.2 TPR Virtualization. */
  #taskPriorityWritten(): void {
    if (this.interrupts.areOn) return this.interrupts.reprioritize()
    const threshold = this.#state.vmcs.word('TPR_THRESHOLD') & 15
    if (((this.#page.word(register.VTPR) >>> 4) & 15) < threshold)
      this.#exits({ reason: exitNumbers.TPR_BELOW_THRESHOLD })
  }

  #end(): void {
    const vector = this.interrupts.end()
    if (vector !== undefined) this.#exits({ reason: exitNumbers.EOI_INDUCED, qualification: BigInt(vector) })
  }

  /** Source: SDM 3C 30.4.3.3 APIC-Write VM Exits. */
  #tellWrite(offset: number): void {
    this.#exits({ reason: exitNumbers.APIC_WRITE, qualification: BigInt(offset) })
  }

  #exits(exit: L2Exit): void {
    this.due ??= exit
    this.#parts.engine().resync()
  }

  #hasMsr(index: number): boolean {
    const { guestMode, vmcs } = this.#state
    return (
      guestMode &&
      index >= x2apic.first &&
      index <= x2apic.last &&
      hasSecondaryControl(vmcs, secondaryBit.VIRTUALIZE_X2APIC)
    )
  }

  #isShadowed(): boolean {
    return this.#state.guestMode && hasPrimaryControl(this.#state.vmcs, primaryBit.TPR_SHADOW)
  }
}
