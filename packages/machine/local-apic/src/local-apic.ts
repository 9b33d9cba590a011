import {
  broadcastDestination,
  type Device,
  destinationOfByte,
  type InterruptMessage,
  likeSaved,
  type MmioRegion,
  type Restored,
  type Saved,
  type Timer,
} from '@vmm/device'
import type { ApicBus, BusApic } from './apic-bus.ts'
import { commandOf, isIllegal, selfShorthand } from './command.ts'
import { InterruptUnit, lvtIndex } from './interrupt-unit.ts'
import { isAmong, logicalIdOf } from './logical-destination.ts'
import type { ApicSignal, LocalApicOptions } from './options.ts'
import { defaultBase, ownId, powerOn } from './power-on.ts'
import { pageOf, registersOf } from './register-page.ts'
import {
  apicBase,
  apicError,
  commandDefined,
  commandWritable,
  definedBits,
  isLvt,
  lvtMasked,
  msr,
  readOnly,
  register,
  versionValue,
  xapicOnly,
  xapicReadOnly,
} from './registers.ts'

/** One processor's local APIC. Source: SDM 3A chapter 11 "Advanced Programmable Interrupt Controller (APIC)". */
export class LocalApic implements Device, BusApic {
  readonly name: string
  readonly timer: Timer
  /** The xAPIC page. It belongs to one processor, so it is not in `memory`; ask `claims` first. */
  readonly page: MmioRegion
  readonly #options: LocalApicOptions
  readonly #bus: ApicBus
  readonly #unit: InterruptUnit
  #state: Restored<typeof powerOn> = powerOn
  #pagePlace = -1
  #enabled = false
  #extended = false

  constructor(options: LocalApicOptions) {
    this.name = `local-apic ${options.id}`
    this.#options = options
    this.#bus = options.bus
    this.#unit = new InterruptUnit(options, (vector, trigger) => this.#bus.endOfInterrupt(vector, trigger, this))
    const { timer } = this.#unit
    const masked = () => (this.#unit.lvt(lvtIndex.timer) & lvtMasked) !== 0
    this.timer = {
      deadline: () => (masked() ? Number.POSITIVE_INFINITY : timer.deadline()),
      fire: () => timer.settle(),
    }
    const apic = this
    this.page = {
      get base() {
        return apic.#pagePlace
      },
      length: 0x1000,
      read: (offset, size) => this.#readPage(offset, size),
      write: (offset, size, value) => this.#writePage(offset, size, value),
    }
    this.reset()
    this.#bus.attach(this)
  }

  reset(): void {
    const bootstrap = this.#options.bootstrap === true ? apicBase.bootstrap : 0n
    this.#restart(defaultBase | apicBase.enabled | bootstrap, this.#options.id & 0xff)
  }

  /** What INIT does to it: a reset that leaves the ID and IA32_APIC_BASE alone. Source: SDM 3A §11.4.7.3. */
  initialize(): void {
    this.#restart(this.#state.base, this.#state.id)
  }

  /** IA32_APIC_BASE[11]; CPUID.01H:EDX[9] follows it. */
  get enabled(): boolean {
    return this.#enabled
  }

  get x2apicMode(): boolean {
    return this.#extended
  }

  get softwareEnabled(): boolean {
    return this.#unit.softwareEnabled
  }

  /** The ID of x2APIC mode: the processor's own, unless another was given with its registers. */
  #x2apicId(): number {
    return this.#state.x2apicId === ownId ? this.#options.id : this.#state.x2apicId
  }

  /** The ID that interrupts and software see now. */
  get id(): number {
    return this.x2apicMode ? this.#x2apicId() : this.#state.id
  }

  get arbitrationPriority(): number {
    return this.#unit.processorPriority
  }

  /** Whether an access of this processor to a guest-physical address is one to its APIC page. */
  claims(address: number): boolean {
    return address >= this.#pagePlace && address < this.#pagePlace + 0x1000 && this.#pagePlace >= 0
  }

  /** The most urgent vector that the processor may take now, or -1. Source: SDM 3A §11.8.3. */
  pending(): number {
    return this.#unit.pending()
  }

  /** Moves the pending vector from IRR to ISR and returns it; the spurious vector when there is none. */
  acknowledge(): number {
    return this.#unit.acknowledge()
  }

  /** Whether the processor should ask the PIC for a vector: LINT0 or a message says so. */
  externalPending(): boolean {
    return this.enabled ? this.#unit.externalPending() : this.#unit.lint0
  }

  /** Whether the PIC's output reaches the processor: LINT0 is set to ExtINT, or the APIC is disabled. */
  get acceptsExternal(): boolean {
    return !this.enabled || this.#unit.isExternalOpen
  }

  /** The processor has asked the PIC. */
  acknowledgeExternal(): void {
    this.#unit.external = false
  }

  /** CR8: bits 7:4 of the task priority. It works even while the APIC is disabled. */
  get cr8(): number {
    return this.#unit.taskPriority >> 4
  }

  set cr8(value: number) {
    this.#unit.taskPriority = (value & 0xf) << 4
  }

  /** Drives LINT0 (0) or LINT1 (1). With the APIC disabled they are INTR and NMI. */
  setLint(pin: 0 | 1, level: boolean): void {
    if (!this.#unit.setPin(pin, level)) return
    if (this.enabled) this.#unit.deliverPin(pin)
    else if (pin === 1) this.#signal({ kind: 'nmi' })
    else this.#options.onInterrupt?.()
  }

  matches(destination: number, mode: 'physical' | 'logical'): boolean {
    if (destination === broadcastDestination || (destination === 0xff && !this.x2apicMode)) return true
    if (mode === 'physical') return destination === this.id
    const own = this.#logicalId()
    if (this.x2apicMode) return destination >>> 16 === own >>> 16 && (destination & own & 0xffff) !== 0
    return destination <= 0xff && isAmong(destination, own >>> 24, this.#state.destinationFormat)
  }

  accept(message: InterruptMessage): boolean {
    if (!this.enabled) return false
    switch (message.delivery) {
      case 'fixed':
      case 'lowest':
        return this.softwareEnabled && this.#unit.acceptVector(message.vector, message.trigger === 'level')
      case 'sipi':
        this.#signal({ kind: 'startup', vector: message.vector })
        return true
      case 'external':
        this.#unit.external = true
        this.#options.onInterrupt?.()
        return true
      default:
        this.#signal({ kind: message.delivery })
        return true
    }
  }

  /** RDMSR of IA32_APIC_BASE, IA32_TSC_DEADLINE or 800H to 8FFH. `undefined` is #GP(0). */
  readMsr(index: number): bigint | undefined {
    if (index === msr.apicBase) return this.#state.base
    if (index === msr.tscDeadline) return this.#options.tscDeadline === false ? undefined : this.#unit.timer.tscDeadline
    if (!this.x2apicMode || index < msr.x2apic || index > msr.x2apicLast) return undefined
    const number = index - msr.x2apic
    if (number === register.command) return (BigInt(this.#state.commandHigh) << 32n) | BigInt(this.#state.commandLow)
    if (xapicOnly.includes(number) || number === register.eoi || number === register.selfIpi) return undefined
    const value = this.#readRegister(number)
    return value === undefined ? undefined : BigInt(value)
  }

  /** WRMSR of the same. `false` is #GP(0), and then nothing has changed. A host may go from any mode to any other. */
  writeMsr(index: number, value: bigint, initiator: 'guest' | 'host' = 'guest'): boolean {
    if (index === msr.apicBase) return this.#writeBase(value, initiator)
    if (index === msr.tscDeadline) {
      if (this.#options.tscDeadline === false) return false
      this.#unit.timer.tscDeadline = BigInt.asUintN(64, value)
      return true
    }
    if (!this.x2apicMode || index < msr.x2apic || index > msr.x2apicLast) return false
    return this.#writeX2apic(index - msr.x2apic, value)
  }

  /** Every register, as the first KiB of the page. The ID is in its upper byte in both modes. Source: arch/x86/kvm/lapic.c kvm_apic_get_state. */
  readRegisters(): Uint8Array {
    return pageOf((number) => (number === register.id ? (this.id << 24) >>> 0 : this.#readRegister(number)))
  }

  /**
   * Takes such a page, whatever it says; a timer that counted goes on from where it was. The ID of x2APIC mode is none of
   * the page: it stays unless another is given. Source: arch/x86/kvm/lapic.c kvm_apic_set_state.
   */
  writeRegisters(page: Uint8Array, x2apicId: number = this.#state.x2apicId): void {
    const at = registersOf(page)
    this.#state = {
      base: this.#state.base,
      id: this.x2apicMode ? this.#state.id : at(register.id) >>> 24,
      x2apicId,
      logicalDestination: (at(register.logicalDestination) & 0xff00_0000) >>> 0,
      destinationFormat: at(register.destinationFormat),
      commandLow: at(register.command) & commandWritable,
      commandHigh: at(register.commandHigh),
    }
    this.#unit.load(at)
    this.#options.onInterrupt?.()
  }

  save(): Saved {
    return { ...this.#state, unit: this.#unit.save() }
  }

  restore(saved: Saved): void {
    const { unit, ...state } = likeSaved(this.name, { ...powerOn, unit: this.#unit.save() }, saved)
    this.#unit.restore(this.name, unit)
    this.#state = state
    this.#followBase()
  }

  #restart(base: bigint, id: number): void {
    this.#state = { ...powerOn, base, id }
    this.#unit.reset()
    this.#followBase()
  }

  #followBase(): void {
    this.#enabled = (this.#state.base & apicBase.enabled) !== 0n
    this.#extended = (this.#state.base & apicBase.extended) !== 0n
    this.#pagePlace = this.#enabled && !this.#extended ? Number(this.#state.base & ~0xfffn) : -1
    this.#unit.registers.place = this.#pagePlace
  }

  /** Source: SDM 3A §11.4.4 and Figure 11-27 "Local x2APIC State Transitions". */
  #writeBase(value: bigint, initiator: 'guest' | 'host'): boolean {
    const width = BigInt(this.#options.physicalAddressBits ?? 46)
    const { bootstrap, extended, enabled } = apicBase
    const mode = this.#options.x2apic === false ? enabled : enabled | extended
    const defined = (((1n << width) - 1n) & ~0xfffn) | bootstrap | mode
    const old = this.#state.base
    const [wasEnabled, wasExtended] = [(old & enabled) !== 0n, (old & extended) !== 0n]
    const [isEnabled, isExtended] = [(value & enabled) !== 0n, (value & extended) !== 0n]
    if ((value & ~defined) !== 0n || (isExtended && !isEnabled)) return false
    const leap = (wasExtended && isEnabled && !isExtended) || (!wasEnabled && isExtended)
    if (leap && initiator === 'guest') return false
    if (wasEnabled && !isEnabled) this.#restart(value, this.#options.id & 0xff)
    this.#state.base = value
    if (isExtended && !wasExtended) [this.#state.commandHigh, this.#state.x2apicId] = [0, ownId]
    this.#followBase()
    return true
  }

  #readPage(offset: number, size: 1 | 2 | 4): number {
    const within = offset & 0xf
    if (within >= 4) return 0
    const value = offset >> 4 === register.selfIpi ? undefined : this.#readRegister(offset >> 4)
    if (value === undefined) this.#unit.reportError(apicError.illegalRegister)
    else if (size === 4 && within === 0 && offset >> 4 !== register.currentCount)
      this.#unit.registers.show(offset >> 4, value)
    const shifted = (value ?? 0) >>> (8 * within)
    return size === 4 ? shifted : shifted & (size === 1 ? 0xff : 0xffff)
  }

  /** Only aligned 32-bit stores mean anything. Source: SDM 3A §11.4.1. */
  #writePage(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4 || (offset & 0xf) !== 0) return
    const number = offset >> 4
    this.#unit.registers.forget()
    if (number === register.id) this.#state.id = value >>> 24
    else if (number === register.logicalDestination) this.#state.logicalDestination = (value & 0xff00_0000) >>> 0
    else if (number === register.destinationFormat) this.#state.destinationFormat = (value | 0x0fff_ffff) >>> 0
    else if (number === register.commandHigh) this.#state.commandHigh = (value & 0xff00_0000) >>> 0
    else if (number === register.command) this.#command(value, destinationOfByte(this.#state.commandHigh >>> 24))
    else if (readOnly.includes(number) || xapicReadOnly.includes(number)) return
    else if (number === register.selfIpi || !this.#writeRegister(number, value >>> 0)) {
      this.#unit.reportError(apicError.illegalRegister)
    }
  }

  #writeX2apic(number: number, value: bigint): boolean {
    if (number === register.command) {
      const low = Number(value & 0xffff_ffffn)
      if ((low & ~commandDefined) !== 0) return false
      this.#state.commandHigh = Number((value >> 32n) & 0xffff_ffffn)
      this.#command(low, this.#state.commandHigh)
      return true
    }
    if (value > 0xffff_ffffn || xapicOnly.includes(number) || readOnly.includes(number)) return false
    const low = Number(value)
    const defined = definedBits(number)
    if (defined === undefined || (low & ~defined) !== 0) return false
    if (number === register.selfIpi) {
      this.#send(selfShorthand | low, 0)
      return true
    }
    return this.#writeRegister(number, low)
  }

  /** The registers that both modes read alike; `undefined` where there is none. */
  #readRegister(number: number): number | undefined {
    const [state, unit] = [this.#state, this.#unit]
    if (isLvt(number)) return unit.lvt(number - register.lvtTimer)
    if (number >= register.inService && number < register.errorStatus) return this.#readSet(number)
    if (number === register.commandHigh) return state.commandHigh
    switch (number) {
      case register.id:
        return this.x2apicMode ? this.#x2apicId() : (state.id << 24) >>> 0
      case register.version:
        return versionValue
      case register.taskPriority:
        return unit.taskPriority
      case register.processorPriority:
        return unit.processorPriority
      case register.arbitrationPriority:
      case register.eoi:
      case register.remoteRead:
        return 0
      case register.logicalDestination:
        return this.#logicalId()
      case register.destinationFormat:
        return state.destinationFormat
      case register.spurious:
        return unit.spurious
      case register.errorStatus:
        return unit.errorStatus
      case register.command:
        return state.commandLow
      case register.initialCount:
        return unit.timer.initial
      case register.currentCount:
        return unit.timer.current
      case register.divide:
        return unit.timer.divide
      default:
        return undefined
    }
  }

  #readSet(number: number): number {
    const word = number & 7
    if (number < register.triggerMode) return this.#unit.inService.word(word)
    return number < register.request ? this.#unit.triggerMode.word(word) : this.#unit.request.word(word)
  }

  /** Returns whether there is such a register. */
  #writeRegister(number: number, value: number): boolean {
    const unit = this.#unit
    if (isLvt(number)) unit.writeLvt(number - register.lvtTimer, value)
    else if (number === register.taskPriority) unit.taskPriority = value
    else if (number === register.eoi) unit.endOfInterrupt()
    else if (number === register.spurious) unit.spurious = value
    else if (number === register.errorStatus) unit.latchErrors()
    else if (number === register.initialCount) unit.timer.initial = value
    else if (number === register.divide) unit.timer.divide = value
    else return false
    return true
  }

  #command(low: number, destination: number): void {
    this.#state.commandLow = low & commandWritable
    this.#send(low, destination)
  }

  #send(low: number, destination: number): void {
    const command = commandOf(low, destination)
    if (command === undefined) return
    if (isIllegal(command.message)) this.#unit.reportError(apicError.sendIllegalVector)
    else this.#bus.sendFrom(this, command.shorthand, command.message)
  }

  #logicalId(): number {
    return this.x2apicMode ? logicalIdOf(this.#x2apicId()) : this.#state.logicalDestination
  }

  #signal(signal: ApicSignal): void {
    this.#options.onSignal?.(signal)
  }
}
