import type { InterruptMessage } from '@vmm/device'
import type { KvmVcpu } from '@vmm/kvm'
import type { LocalApic } from '@vmm/local-apic'
import type { VmxCapability } from '@vmm/nested-vmx'
import { setMsrs } from '../guest-vm.ts'
import { signalBits } from './board-layout.ts'
import type { VcpuWords } from './vcpu-words.ts'

/** What a page of an APIC has of its logical identity. */
const inPage = { logicalDestination: 0xd0, destinationFormat: 0xe0 } as const
const toItself = { delivery: 'fixed', destination: 0, destinationMode: 'physical' } as const

/** One of the vCPUs that a thread runs, with its words: what comes for it is taken from there, and its local APIC is told of. */
export class ThreadVcpu {
  readonly vcpu: KvmVcpu
  readonly words: VcpuWords
  readonly #apic: LocalApic
  readonly #vmxLacks: readonly VmxCapability[]
  readonly #told = { flags: -1, id: -1, logicalId: -1, destinationFormat: -1 }

  constructor(vcpu: KvmVcpu, words: VcpuWords, apic: LocalApic, vmxLacks: readonly VmxCapability[]) {
    this.#vmxLacks = vmxLacks
    this.vcpu = vcpu
    this.words = words
    this.#apic = apic
    const { wires } = vcpu
    if (wires.interrupts !== undefined) wires.interrupts = toldOf(wires.interrupts, this.tellApic)
  }

  /** Power-on state, and what firmware leaves. */
  reset(): void {
    this.vcpu.reset()
    setMsrs(this.vcpu, this.#vmxLacks)
    this.tellApic()
  }

  /** Takes what others have sent. */
  takeMessages(): void {
    const signals = this.words.takeSignals()
    if (signals !== 0) this.#takeSignals(signals)
    for (const trigger of ['edge', 'level'] as const)
      for (const vector of this.words.takeVectors(trigger)) this.#accept({ ...toItself, vector, trigger })
    this.tellApic()
  }

  #accept(message: InterruptMessage): void {
    this.#apic.accept(message)
  }

  /** Whether it would take a vector of the PIC's. */
  get takesExternal(): boolean {
    const external = this.vcpu.wires.interrupts?.localApic?.external
    return external !== undefined && external.vector === undefined && external.accepts
  }

  /** What others must know of its APIC, where that has changed. */
  readonly tellApic = (): void => {
    const { enabled, softwareEnabled, x2apicMode, id, page } = this.#apic
    const flags = (enabled ? 1 : 0) | (softwareEnabled ? 2 : 0) | (x2apicMode ? 4 : 0)
    const logicalId = page.read(inPage.logicalDestination, 4)
    const destinationFormat = page.read(inPage.destinationFormat, 4)
    const told = this.#told
    const isSame = told.flags === flags && told.id === id && told.logicalId === logicalId
    if (isSame && told.destinationFormat === destinationFormat) return
    Object.assign(told, { flags, id, logicalId, destinationFormat })
    this.words.apic = { enabled, softwareEnabled, x2apicMode, id, logicalId, destinationFormat }
  }

  #takeSignals(signals: number): void {
    const { vcpu } = this
    if (signals & signalBits.nmi) vcpu.signal({ kind: 'nmi' })
    if (signals & signalBits.smi) vcpu.signal({ kind: 'smi' })
    if (signals & signalBits.unhalt) vcpu.signal({ kind: 'unhalt' })
    if (signals & signalBits.ignoreNumericError) vcpu.ignoreNumericError()
    if (signals & signalBits.init) vcpu.signal({ kind: 'init' })
    if (signals & signalBits.startup) vcpu.signal({ kind: 'startup', vector: this.words.startup })
  }
}

type Interrupts = NonNullable<KvmVcpu['wires']['interrupts']>

/** The APIC of a vCPU, which others are told of when software has set it. */
function toldOf(interrupts: Interrupts, tell: () => void): Interrupts {
  const page = interrupts.page!
  return {
    ...interrupts,
    localApic: interrupts.localApic,
    interruptPending: () => interrupts.interruptPending(),
    acknowledge: () => interrupts.acknowledge(),
    readApicMsr: (index) => interrupts.readApicMsr(index),
    writeApicMsr: (index, value, initiator) => {
      const accepted = interrupts.writeApicMsr(index, value, initiator)
      tell()
      return accepted
    },
    get taskPriority() {
      return interrupts.taskPriority
    },
    set taskPriority(value) {
      interrupts.taskPriority = value
    },
    page: {
      get base() {
        return page.base
      },
      length: page.length,
      read: (offset, size) => page.read(offset, size),
      write: (offset, size, value) => {
        page.write(offset, size, value)
        tell()
      },
    },
  }
}
