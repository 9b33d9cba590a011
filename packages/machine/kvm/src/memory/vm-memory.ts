import { type Profile, resolve, run } from '@vmm/rule'
import type { MemorySlot } from '@vmm/wasm-engine'
import { type Answer, done } from '../answer.ts'
import type { Processor } from '../processor.ts'
import { type MemoryRegion, type Memslot, memReadonly } from '../rules/set-user-memory-region/case.ts'
import { memoryRegionPipeline } from '../rules/set-user-memory-region/index.ts'

/** User memory that guest memory can be made of, and where user space has it mapped. */
export interface GuestMemory {
  readonly address: bigint
  readonly bytes: Uint8Array
}

/** What the memory of a VM goes by. */
export interface VmMemoryOptions {
  readonly kernel: Profile
  /** Which of its `Kvm`'s the VM is, from 1. */
  readonly number: number
  readonly processor: Processor
  readonly checkExtension: (capability: number) => number
}

/** VMs' memory is mapped a tebibyte apart. */
const firstMapping = 0x7000_0000_0000n
const mappingStride = 0x100_0000_0000n
const capability = { memslots: 10, addressSpaces: 118 } as const
/** Slots beyond those of user space. Source: arch/x86/include/asm/kvm_host.h KVM_INTERNAL_MEM_SLOTS (Linux 6.12). */
const internalMemslots = 3
/** SMM's address space is shown to nobody yet. */
const ordinarySpace = (slot: number): boolean => slot >>> 16 === 0

/** The memory of a VM: the slots that show the guest parts of user memory. */
export class VmMemory implements GuestMemory {
  readonly address: bigint
  readonly bytes: Uint8Array
  readonly #options: VmMemoryOptions
  readonly #region
  #slots: readonly Memslot[] = []

  constructor(options: VmMemoryOptions) {
    this.#options = options
    this.#region = resolve(memoryRegionPipeline, options.kernel)
    this.address = firstMapping + BigInt(options.number) * mappingStride
    this.bytes = options.processor.slots.memory
  }

  /** The slots there are. */
  get slots(): readonly Memslot[] {
    return this.#slots
  }

  /**
   * User space stores to its memory, and the guest sees it even where it has run what was there. Bytes that are put straight
   * into `bytes` it may see late as code.
   * @throws {RangeError} beyond the end of it.
   */
  write(offset: number, bytes: Uint8Array): void {
    this.#options.processor.slots.writeMemory(offset, bytes)
  }

  /** KVM_SET_USER_MEMORY_REGION. */
  setRegion(region: MemoryRegion): Answer<number> {
    const { checkExtension, processor } = this.#options
    const addressSpaces = Math.max(1, checkExtension(capability.addressSpaces))
    const slotsOfSpace = checkExtension(capability.memslots) + internalMemslots
    const outcome = run(this.#region, { region, slots: this.#slots, addressSpaces, slotsOfSpace })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#slots = outcome.state.slots
    processor.show(this.#slots.filter(({ slot }) => ordinarySpace(slot)).map((slot) => this.#shown(slot)))
    return done(0, outcome.unread)
  }

  /** A slot whose user memory is not there at all is nowhere: what the guest finds there is a bad address. */
  #shown({ guest_phys_addr, memory_size, userspace_addr, flags }: Memslot): MemorySlot | undefined {
    const offset = userspace_addr - this.address
    if (offset < 0n || offset + memory_size > BigInt(this.bytes.length)) return undefined
    const [address, bytes] = [Number(guest_phys_addr), Number(memory_size)]
    return { address, bytes, offset: Number(offset), readOnly: (flags & memReadonly) !== 0 }
  }
}
