import { type Profile, resolve, run } from '@vmm/rule'
import type { MemoryFaultExit } from '@vmm/vcpu'
import type { GuestMachine } from '@vmm/wasm-engine'
import { type Answer, done, noMemory } from '../answer.ts'
import { guestMemfdPipeline } from '../rules/create-guest-memfd/index.ts'
import { memoryFault as memoryFaultBehaviour } from '../rules/memory-fault/fault.behaviour.ts'
import type { PreFaultCase } from '../rules/pre-fault-memory/case.ts'
import { preFaultPipeline } from '../rules/pre-fault-memory/index.ts'
import { memoryAttributesPipeline } from '../rules/set-memory-attributes/index.ts'
import {
  type MemfdFacts,
  type MemoryRegion,
  type MemoryRegionCase,
  type Memslot,
  memGuestMemfd,
  memReadonly,
} from '../rules/set-user-memory-region/case.ts'
import { memoryRegion2Pipeline, memoryRegionPipeline } from '../rules/set-user-memory-region/index.ts'
import type { MappedMemory } from '../user-memory.ts'
import { DirtyLogs } from './dirty-logs.ts'
import type { DirtyRing } from './dirty-ring.ts'
import { GuestMemfd } from './guest-memfd.ts'
import { MmuSettings } from './mmu-settings.ts'
import { PageRanges } from './page-ranges.ts'
import { pageOf, shownPieces } from './shown-memory.ts'
import { UserMappings } from './user-mappings.ts'

/** User memory that guest memory can be made of, and where user space has it mapped. */
export interface GuestMemory {
  readonly address: bigint
  readonly bytes: Uint8Array
}

/** What the memory of a VM goes by, of its kernel and its host. */
export interface MemoryLimits {
  /** Whether pages can be private. */
  readonly privateMemory: boolean
  /** Where user space ends. */
  readonly userEnd: bigint
  /** The number of the last page that a guest can have. */
  readonly lastPage: bigint
  /** Bytes of a dirty ring that are kept back. */
  readonly ringReserved: number
  /** Whether the processor walks the guest's page tables through KVM's. */
  readonly tdp: boolean
  /** Attributes that pages can have; undefined: the kernel was built without. */
  readonly attributes: bigint | undefined
  /** Flags of KVM_CREATE_GUEST_MEMFD; undefined: the kernel was built without. */
  readonly memfdFlags: bigint | undefined
}

/** What a VM's memory is made with. */
export interface VmMemoryOptions {
  readonly kernel: Profile
  /** Which of its `Kvm`'s the VM is, from 1. */
  readonly number: number
  readonly guest: GuestMachine
  /** Bytes that user space has; what the machine has beyond is for guest_memfds. */
  readonly userBytes: number
  readonly limits: MemoryLimits
  readonly checkExtension: (capability: number) => number
}

/** What KVM_SET_MEMORY_ATTRIBUTES is told. */
export interface MemoryAttributes {
  readonly address: bigint
  readonly size: bigint
  readonly attributes: bigint
  readonly flags: bigint
}

/** What KVM_PRE_FAULT_MEMORY is told, and what is left of it. */
export interface PreFaultRange {
  readonly gpa: bigint
  readonly size: bigint
  readonly flags: bigint
}

/** VMs' memory is mapped a tebibyte apart. */
const firstMapping = 0x7000_0000_0000n
const mappingStride = 0x100_0000_0000n
const capability = { memslots: 10, addressSpaces: 118 } as const
/** KVM_MEMORY_ATTRIBUTE_PRIVATE and KVM_MEMORY_EXIT_FLAG_PRIVATE. */
const isPrivate = 8n
const pageBytes = 4096n
/** System-management mode's address space. */
const smmSpace = 1
/** Pieces of an address space that the engine has room for; more than those are nowhere. */
const mostPieces = 60_000

const [{ does: faultOf }] = memoryFaultBehaviour.versions

const spaceOf = ({ slot }: Memslot): number => slot >>> 16

/** The memory of a VM: the slots that show the guest parts of user memory, and what is known of its pages. */
export class VmMemory implements GuestMemory {
  readonly address: bigint
  readonly bytes: Uint8Array
  readonly logs: DirtyLogs
  readonly mmu: MmuSettings
  readonly #options: VmMemoryOptions
  readonly #mappings: UserMappings
  readonly #privatePages = new PageRanges()
  readonly #memfds = new Map<number, GuestMemfd>()
  readonly #calls
  #slots: readonly Memslot[] = []
  /** Where the next guest_memfd begins. */
  #nextMemfd: number

  constructor(options: VmMemoryOptions) {
    const { kernel, guest, userBytes, limits } = options
    this.#options = options
    this.#calls = {
      first: resolve(memoryRegionPipeline, kernel),
      second: resolve(memoryRegion2Pipeline, kernel),
      attributes: resolve(memoryAttributesPipeline, kernel),
      memfd: resolve(guestMemfdPipeline, kernel),
      preFault: resolve(preFaultPipeline, kernel),
    }
    this.address = firstMapping + BigInt(options.number) * mappingStride
    this.bytes = guest.slots.memory.subarray(0, userBytes)
    this.#nextMemfd = userBytes
    this.#mappings = new UserMappings(this.address, this.bytes)
    this.mmu = new MmuSettings(kernel)
    this.logs = new DirtyLogs({
      kernel,
      limits: () => this.#slotLimits(),
      reserved: limits.ringReserved,
      forgetStores: () => guest.forgetStores(),
    })
  }

  /** The slots there are. */
  get slots(): readonly Memslot[] {
    return this.#slots
  }

  /** Slots' memory is looked for in what this process has mapped, too. */
  follow(process: MappedMemory): void {
    this.#mappings.follow(process)
    this.#showAll()
  }

  /** Looks whether user space has mapped its memory otherwise since. */
  refresh(): void {
    if (this.#mappings.refresh()) this.#showAll()
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

  /** KVM_SET_USER_MEMORY_REGION, or its successor with what the descriptor of private memory is. */
  setRegion(
    region: MemoryRegion,
    struct: MemoryRegionCase['struct'] = 'first',
    memfd?: GuestMemfd | 'foreign',
  ): Answer<number> {
    const outcome = run(this.#calls[struct], this.#regionCase(region, struct, memfd))
    if (outcome.kind === 'refused') return outcome.refusal
    if (outcome.state.slots === this.#slots) return done(0, outcome.unread)
    if (!this.logs.hasRoomFor(outcome.state.slots)) return noMemory('KVM_SET_USER_MEMORY_REGION')
    this.#slots = outcome.state.slots
    this.#bind(region, memfd)
    this.logs.follow(this.#slots)
    this.mmu.follow(this.#slots.reduce((pages, { memory_size }) => pages + memory_size / pageBytes, 0n))
    this.#show(region.slot >>> 16)
    return done(0, outcome.unread)
  }

  /** KVM_SET_MEMORY_ATTRIBUTES. */
  setAttributes(asked: MemoryAttributes): Answer<number> {
    const outcome = run(this.#calls.attributes, { ...asked, supported: this.#options.limits.attributes })
    if (outcome.kind === 'refused') return outcome.refusal
    const range = { from: pageOf(asked.address), to: pageOf(asked.address + asked.size) }
    this.#privatePages.set(range, (asked.attributes & isPrivate) !== 0n)
    this.#showAll()
    return done(0, outcome.unread)
  }

  /** Whether the kernel was built with attributes of pages, or with guest_memfds. */
  isBuiltWith(what: 'attributes' | 'memfdFlags'): boolean {
    return this.#options.limits[what] !== undefined
  }

  /** KVM_CREATE_GUEST_MEMFD. Its memory is there only where the machine has that much left. */
  createMemfd(size: bigint, flags: bigint): Answer<GuestMemfd> {
    const outcome = run(this.#calls.memfd, { size, flags, known: this.#options.limits.memfdFlags })
    if (outcome.kind === 'refused') return outcome.refusal
    const left = this.#options.guest.slots.memory.length - this.#nextMemfd
    const offset = size <= BigInt(left) ? this.#nextMemfd : undefined
    if (offset !== undefined) this.#nextMemfd += Number(size)
    return done(new GuestMemfd({ owner: this, size, flags, offset }), outcome.unread)
  }

  /** KVM_PRE_FAULT_MEMORY: what is left of the range, which is all of it where the call is refused. */
  preFault(range: PreFaultRange, ring?: DirtyRing): { readonly left: PreFaultRange; readonly answer: Answer<number> } {
    const { tdp } = this.#options.limits
    const outcome = run(this.#calls.preFault, { ...range, tdp, first: this.#at(range.gpa) })
    if (outcome.kind === 'refused') return { left: range, answer: outcome.refusal }
    let { gpa, size } = range
    for (; size > 0n && this.#at(gpa) === 'memory'; size -= pageBytes) {
      this.logs.touched(0, Number(gpa), 'load', ring)
      gpa += pageBytes
    }
    return { left: { ...range, gpa, size }, answer: done(0, outcome.unread) }
  }

  /** Whether an access where the guest has no memory, or none that it can write, is for user space to mend. */
  memoryFault(address: number, access: 'read' | 'write' | 'fetch', space: 0 | 1 = 0): MemoryFaultExit | undefined {
    const page = pageOf(address)
    const slot = this.#slotAt(page, space)
    const kind = slot === undefined ? 'none' : (slot.flags & memReadonly) === 0 ? 'writable' : 'read-only'
    const hidden = this.#privatePages.has(page)
    const fault = faultOf({ page: hidden ? 'private' : 'shared', slot: kind, access })
    if (fault === 'device') return undefined
    const [flags, told] = [hidden ? isPrivate : 0n, fault === 'fails and is told']
    return { kind: 'memory-fault', address: BigInt(page) * pageBytes, bytes: pageBytes, flags, told }
  }

  /** A page of a logged slot is touched. False if the vCPU must not go on. */
  touched(address: number, access: 'load' | 'store', ring: DirtyRing | undefined, space: 0 | 1 = 0): boolean {
    return this.logs.touched(space, address, access, ring)
  }

  #at(address: bigint): PreFaultCase['first'] {
    if (this.#slotAt(pageOf(address)) === undefined) return 'no slot'
    return this.#options.guest.slots.at(Number(address)) === undefined ? 'no user memory' : 'memory'
  }

  #slotAt(page: number, space: 0 | 1 = 0): Memslot | undefined {
    return this.#slots.find((slot) => {
      const inSlot = page - pageOf(slot.guest_phys_addr)
      return spaceOf(slot) === space && inSlot >= 0 && inSlot < pageOf(slot.memory_size)
    })
  }

  #bind(region: MemoryRegion, memfd: GuestMemfd | 'foreign' | undefined): void {
    const { slot, flags, memory_size, guest_memfd_offset = 0n } = region
    if (memory_size === 0n) {
      this.#memfds.get(slot)?.unbind(slot)
      this.#memfds.delete(slot)
    } else if ((flags & memGuestMemfd) !== 0 && memfd instanceof GuestMemfd) {
      memfd.bind(slot, guest_memfd_offset, memory_size)
      this.#memfds.set(slot, memfd)
    }
  }

  #regionCase(
    region: MemoryRegion,
    struct: MemoryRegionCase['struct'],
    memfd: GuestMemfd | 'foreign' | undefined,
  ): MemoryRegionCase {
    const { privateMemory, userEnd, lastPage } = this.#options.limits
    const about = { struct, region, slots: this.#slots, ...this.#slotLimits() }
    return { ...about, privateMemory, userEnd, lastPage, memfd: this.#memfdFacts(memfd) }
  }

  #memfdFacts(memfd: GuestMemfd | 'foreign' | undefined): MemfdFacts {
    if (memfd === undefined) return { kind: 'not open' }
    if (memfd === 'foreign' || memfd.owner !== this) return { kind: 'foreign' }
    return { kind: 'memfd', bytes: memfd.size, bound: memfd.bound }
  }

  #slotLimits(): Pick<MemoryRegionCase, 'addressSpaces' | 'userSlots'> {
    const { checkExtension } = this.#options
    const addressSpaces = Math.max(1, checkExtension(capability.addressSpaces))
    return { addressSpaces, userSlots: checkExtension(capability.memslots) }
  }

  #showAll(): void {
    this.#show(0)
    this.#show(smmSpace)
  }

  /** Shows the guest the slots of an address space, and no others. What of a slot is nowhere it finds when it comes there. */
  #show(space: number): void {
    const { guest } = this.#options
    const slots = this.#slots.filter((slot) => spaceOf(slot) === space)
    const shown = space === smmSpace ? guest.smmSlots : guest.slots
    shown.replace(slots.flatMap((slot) => shownPieces(slot, this.#backing(slot))).slice(0, mostPieces))
  }

  #backing(slot: Memslot) {
    const logged = (slot.flags & 1) !== 0
    const memfd = this.#memfds.get(slot.slot)
    return { mappings: this.#mappings, privatePages: this.#privatePages, memfd, logged }
  }
}
