import { type Profile, resolve, run } from '@vmm/rule'
import type { GuestMachine, MemorySlot } from '@vmm/wasm-engine'
import { type Answer, done } from '../answer.ts'
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
  readonly guest: GuestMachine
  readonly checkExtension: (capability: number) => number
}

/** VMs' memory is mapped a tebibyte apart. */
const firstMapping = 0x7000_0000_0000n
const mappingStride = 0x100_0000_0000n
const capability = { memslots: 10, addressSpaces: 118 } as const
/** Slots beyond those of user space. Source: arch/x86/include/asm/kvm_host.h KVM_INTERNAL_MEM_SLOTS (Linux 6.12). */
const internalMemslots = 3
/** The address space of processors in system-management mode: the high half of a slot's number. */
const smmSpace = 1

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
    this.bytes = options.guest.slots.memory
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
    this.#options.guest.slots.writeMemory(offset, bytes)
  }

  /** Whether guest-physical addresses lie in one slot. Source: virt/kvm/kvm_main.c kvm_gfn_to_hva_cache_init. */
  holds(gpa: bigint, bytes: number): boolean {
    return this.#slots.some(
      ({ slot, guest_phys_addr: first, memory_size: size }) =>
        slot >>> 16 === 0 && gpa >= first && gpa + BigInt(bytes) <= first + size,
    )
  }

  /** KVM_SET_USER_MEMORY_REGION. */
  setRegion(region: MemoryRegion): Answer<number> {
    const { checkExtension } = this.#options
    const addressSpaces = Math.max(1, checkExtension(capability.addressSpaces))
    const slotsOfSpace = checkExtension(capability.memslots) + internalMemslots
    const outcome = run(this.#region, { region, slots: this.#slots, addressSpaces, slotsOfSpace })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#slots = outcome.state.slots
    this.#show(region.slot >>> 16)
    return done(0, outcome.unread)
  }

  /** Shows the guest the slots of an address space, and no others. */
  #show(space: number): void {
    const { guest } = this.#options
    const slots = this.#slots.filter(({ slot }) => slot >>> 16 === space).map((slot) => this.#shown(slot))
    const shown = space === smmSpace ? guest.smmSlots : guest.slots
    shown.replace(slots.filter((slot) => slot !== undefined))
  }

  /** A slot whose user memory is not there at all is nowhere: what the guest finds there is a bad address. */
  #shown({ guest_phys_addr, memory_size, userspace_addr, flags }: Memslot): MemorySlot | undefined {
    const offset = userspace_addr - this.address
    if (offset < 0n || offset + memory_size > BigInt(this.bytes.length)) return undefined
    const [address, bytes] = [Number(guest_phys_addr), Number(memory_size)]
    return { address, bytes, offset: Number(offset), readOnly: (flags & memReadonly) !== 0 }
  }
}
