import { hostNamed } from '@vmm/cpu-models'
import { EventFd, ioctl, type KvmFile, openFile, openKvm, ProcessMemory, type Task } from '@vmm/kvm'
import { ioctlNamed, kvmEnableCap, kvmUserspaceMemoryRegion } from '@vmm/kvm-uapi'
import { encode } from '@vmm/layout'
import { argumentBytes, edgeBytes, type HostileCall, places } from './calls.ts'

const memoryBytes = 1 << 16
/** Guests that do not come back by themselves are stopped after so many instructions. */
const signalAfter = 2000
const mostFiles = 12
const splitIrqchip = 121

/** Where the interrupt controllers of the process's VM are. */
export type Interrupts = 'none' | 'irqchip' | 'split'

/** What a call came to. */
export interface Came {
  readonly value: number
  readonly rule: string | undefined
  /** The name of the call as it was understood: of the file, with the request. */
  readonly file: KvmFile | undefined
}

/** A process with memory that has holes, a VM whose guest halts, and what else its calls open. */
export class HostileProcess {
  readonly task: Task
  readonly #memory = new ProcessMemory()
  #files: KvmFile[]

  constructor(kernel: string, interrupts: Interrupts) {
    const found = hostNamed('spr')
    if (found.kind !== 'host') throw new Error(found.says)
    this.#memory.map(places.arguments, new Uint8Array(argumentBytes))
    this.#memory.map(places.edge, new Uint8Array(edgeBytes))
    const event = new EventFd()
    this.task = { memory: this.#memory, mm: {}, fileAt: (fd) => (fd === 3 ? event : fd < 3 ? 'other' : 'closed') }
    const system = openFile(openKvm({ kernel, host: found.host, memoryBytes, signalAfter }), this.task)
    const vm = this.#made(system, 'KVM_CREATE_VM')
    if (vm.object.kind !== 'vm') throw new Error('it made something else')
    const { memory } = vm.object.vm
    memory.bytes.fill(0xf4)
    this.#memory.map(memory.address, memory.bytes)
    const region = {
      slot: 0,
      flags: 0,
      guest_phys_addr: 0xffff_0000n,
      memory_size: 0x1_0000n,
      userspace_addr: memory.address,
    }
    this.#memory.write(places.arguments, encode(kvmUserspaceMemoryRegion, region))
    this.call(vm, 'KVM_SET_USER_MEMORY_REGION', places.arguments)
    if (interrupts === 'irqchip') this.call(vm, 'KVM_CREATE_IRQCHIP')
    if (interrupts === 'split') this.#enable(vm, splitIrqchip, 24n)
    this.#files = [system, vm, this.#made(vm, 'KVM_CREATE_VCPU')]
  }

  /** The files that are open. */
  get files(): readonly KvmFile[] {
    return this.#files
  }

  /** The file that a call is made on. */
  fileOf({ kind, file }: HostileCall): KvmFile | undefined {
    const meant = kind === 'any' ? this.#files : this.#files.filter(({ object }) => object.kind === kind)
    return meant[file % Math.max(1, meant.length)]
  }

  /** Makes a call of a hostile list. */
  make(call: HostileCall): Came {
    const file = this.fileOf(call)
    if (file === undefined) return { value: 0, rule: undefined, file: undefined }
    this.#memory.write(call.argument, call.bytes)
    const { value, refusal, file: made } = ioctl(this.task, file, call.request, call.argument)
    if (made !== undefined) this.#keep(made)
    if (call.afterwards === 'dup' && file.isOpen) this.#keep(file.dup())
    if (call.afterwards === 'close') this.#close(file)
    return { value, rule: refusal?.rule, file }
  }

  /** A call by name, for those who look. */
  call(file: KvmFile, name: string, argument = 0n): { readonly value: number; readonly file?: KvmFile } {
    const { value, file: made } = ioctl(this.task, file, ioctlNamed(name)?.number ?? 0, argument)
    return made === undefined ? { value } : { value, file: made }
  }

  /** What is in memory at the place of arguments. */
  read(length: number): Uint8Array {
    return this.#memory.read(places.arguments, length) ?? new Uint8Array()
  }

  write(bytes: Uint8Array): void {
    this.#memory.write(places.arguments, bytes)
  }

  #enable(vm: KvmFile, cap: number, argument: bigint): void {
    this.#memory.write(places.arguments, encode(kvmEnableCap, { cap, flags: 0, args: [argument, 0n, 0n, 0n] }))
    this.call(vm, 'KVM_ENABLE_CAP', places.arguments)
  }

  /** Of each kind one stays open; one that is closed may be called all the same. */
  #close(file: KvmFile): void {
    const others = this.#files.filter(({ object }) => object.kind === file.object.kind)
    if (others.length === 1) return
    file.close()
    this.#files = this.#files.filter((each) => each !== file)
  }

  /** Of too many files the newest are closed again. */
  #keep(file: KvmFile): void {
    if (this.#files.length < mostFiles) this.#files.push(file)
    else file.close()
  }

  #made(file: KvmFile, name: string): KvmFile {
    const { file: made } = this.call(file, name)
    if (made === undefined) throw new Error(`${name} made nothing`)
    return made
  }
}
