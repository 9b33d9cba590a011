import { hostNamed } from '@vmm/cpu-models'
import { type Answer, type KvmVcpu, openKvm, type Vm } from '@vmm/kvm'
import type { KvmSregs, KvmVcpuEvents } from '@vmm/kvm-uapi'
import { type EntryFacts, type EntryProcessor, vmcsRegionBytes, vmxMsrs, wholeProcessor } from '@vmm/nested-vmx'

const memoryBytes = 1 << 21
const place = { vmxon: 0x1000, vmcs: 0x2000, root: 0x3000, pointers: 0x4000, directory: 0x5000, code: 0x8000 } as const
/** Guests that do not come back by themselves are stopped after so many instructions. */
const signalAfter = 2000
const vmlaunch = [0x0f, 0x01, 0xc2] as const
const hlt = 0xf4
const largePage = 0x83n
/** Read-only: PAE paging has no other bits in its pointers. */
const present = 1n
const featureControl = { index: 0x3a, data: 5n } as const
const noAddress = 0xffff_ffff_ffff_ffffn

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** What became of VMLAUNCH, and of what ran behind it. */
export interface Launched {
  /** How KVM_RUN came back: the kind of its exit, or the error. */
  readonly came: string
  readonly inL2: boolean
  /** The current VMCS afterwards. */
  readonly vmcs: Uint8Array
}

/** A hypervisor in a guest that executes VMLAUNCH and halts, in 64-bit mode or in 32-bit mode with PAE paging. */
export class L1 {
  readonly processor: EntryProcessor
  readonly facts: EntryFacts
  readonly #vm: Vm
  readonly #vcpu: KvmVcpu
  readonly #sregs: KvmSregs
  readonly #events: KvmVcpuEvents

  constructor(kernel: string, longMode: boolean) {
    const found = hostNamed('spr')
    if (found.kind !== 'host') throw new Error(found.says)
    const kvm = openKvm({ kernel, host: found.host, memoryBytes, signalAfter })
    this.#vm = given(kvm.createVm())
    const { address } = this.#vm.memory
    const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: BigInt(memoryBytes), userspace_addr: address }
    given(this.#vm.setUserMemoryRegion(region))
    this.#vcpu = given(this.#vm.createVcpu(0))
    given(this.#vcpu.setCpuid2(kvm.getSupportedCpuid()))
    this.#vcpu.state.setMsrs([featureControl])
    this.#sregs = modes[longMode ? 'long' : 'pae'](this.#vcpu.state.getSregs())
    this.#events = this.#vcpu.state.getVcpuEvents()
    this.processor = processorOf(this.#vcpu)
    this.facts = { longMode, inSmm: false, currentVmcs: place.vmcs, memory: (at) => this.#word(at) }
  }

  /** Control registers as KVM's checks look at them. */
  get registers(): Pick<KvmSregs, 'cr0' | 'cr3' | 'efer'> {
    const { cr0, cr3, efer } = this.#sregs
    return { cr0, cr3, efer }
  }

  /** Executes VMLAUNCH with a VMCS that is current, from the same state each time. */
  launch(vmcs: Uint8Array): Launched {
    this.#begin()
    given(this.#vcpu.setNestedState(nestedStateOf(vmcs)))
    const run = this.#vcpu.run()
    const told = given(this.#vcpu.getNestedState(nestedHeader + 2 * vmcsRegionBytes))
    const came = run.kind === 'refused' ? run.errno : run.value.kind
    const flags = new DataView(told.buffer, told.byteOffset).getUint16(0, true)
    return { came, inL2: (flags & 1) !== 0, vmcs: told.slice(nestedHeader, nestedHeader + vmcsRegionBytes) }
  }

  /** Memory that halts wherever it is executed, but for page tables and the code. */
  #begin(): void {
    const { bytes } = this.#vm.memory
    const { state } = this.#vcpu
    bytes.fill(hlt)
    bytes.fill(0, place.root, place.code)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setBigUint64(place.root, BigInt(place.pointers) | present, true)
    view.setBigUint64(place.pointers, BigInt(place.directory) | present, true)
    view.setBigUint64(place.directory, largePage, true)
    bytes.set(vmlaunch, place.code)
    given(this.#vcpu.setNestedState(nestedStateOf(undefined)))
    state.setSregs(this.#sregs)
    state.setRegs({ ...state.getRegs(), rip: BigInt(place.code), rflags: 2n })
    state.setVcpuEvents(this.#events)
    state.setMpState({ mp_state: 0 })
  }

  #word(at: number): number | undefined {
    const { bytes } = this.#vm.memory
    return at + 4 <= memoryBytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true) : undefined
  }
}

const flat = { limit: 0xffff_ffff, type: 3, s: 1, dpl: 0, present: 1, avl: 0, g: 1, unusable: 0, base: 0n } as const
const busyTask = { ...flat, limit: 0x67, type: 11, s: 0, g: 0, db: 0, l: 0, selector: 0x18 } as const

const modes = {
  long: (sregs: KvmSregs): KvmSregs => ({ ...common(sregs, 1), cr3: BigInt(place.root), efer: 0x500n }),
  pae: (sregs: KvmSregs): KvmSregs => ({ ...common(sregs, 0), cr3: BigInt(place.pointers), efer: 0n }),
} as const

/** Protected mode with paging and PAE, and VMX on. */
function common(sregs: KvmSregs, l: 0 | 1): KvmSregs {
  const data = { ...flat, selector: 0x10, db: 1, l: 0 }
  return {
    ...sregs,
    cs: { ...flat, selector: 8, type: 11, l, db: 1 - l },
    ...{ ds: data, es: data, fs: data, gs: data, ss: data, tr: { ...busyTask } },
    cr0: 0x8000_0031n,
    cr4: 0x2020n,
  }
}

const nestedHeader = 128

/** `struct kvm_nested_state`: VMX operation with a current VMCS, or none. */
function nestedStateOf(vmcs: Uint8Array | undefined): Uint8Array {
  const bytes = new Uint8Array(nestedHeader + (vmcs?.length ?? 0))
  const view = new DataView(bytes.buffer)
  view.setUint32(4, bytes.length, true)
  view.setBigUint64(8, vmcs === undefined ? noAddress : BigInt(place.vmxon), true)
  view.setBigUint64(16, vmcs === undefined ? noAddress : BigInt(place.vmcs), true)
  bytes.set(vmcs ?? [], nestedHeader)
  return bytes
}

const [addressSizes, LA57] = [0x8000_0008, 1 << 16] as const

/** What entries are judged by, as the guest is told of it. */
function processorOf({ state, cpuid }: KvmVcpu): EntryProcessor {
  const vmx = vmxMsrs((index) => {
    const told = state.getMsrs([index])
    return Array.isArray(told) ? told[0]?.data : undefined
  })
  const leaf = (number: number) => cpuid.find((entry) => entry.function === number && entry.index === 0)
  return {
    vmx,
    physicalAddressWidth: (leaf(addressSizes)?.eax ?? 36) & 0xff,
    linearAddressWidth: ((leaf(7)?.ecx ?? 0) & LA57) === 0 ? 48 : 57,
    ...{ allowedEfer: wholeProcessor.allowedEfer, allowedDebugctl: 3n, allowedPerfGlobalCtrl: 0n },
  }
}
