import type { Host } from '@vmm/cpuid'
import {
  ioctlNamed,
  kvmClearDirtyLog,
  kvmCoalescedMmio,
  kvmCoalescedMmioZone,
  kvmCreateGuestMemfd,
  kvmDirtyGfn,
  kvmDirtyLog,
  kvmEnableCap,
  kvmMemoryAttributes,
  kvmPreFaultMemory,
  kvmRun,
  kvmUserspaceMemoryRegion,
  kvmUserspaceMemoryRegion2,
} from '@vmm/kvm-uapi'
import { encode } from '@vmm/layout'
import {
  type GuestMemfd,
  ioctl,
  type KvmFile,
  type MappingAccess,
  openFile,
  openKvm,
  ProcessMemory,
  type Task,
} from '../src/index.ts'

const memoryBytes = 4 << 20
const argumentAt = 0x1_0000n
const bitmapAt = 0x2_0000n
const memoryAt = 0x7e00_0000_0000n
const voidAt = 0x7d00_0000_0000n
const ringAt = 64 * 4096
const noDescriptor = 0xffff_ffff
const vmDescriptor = 3
const firstMemfd = 100
/** KVM_EXIT_*. */
const exits = { io: 2, mmio: 6, internalError: 17, memoryFault: 39 } as const

const errnoNames = new Map(
  Object.entries({
    EPERM: 1,
    ENOENT: 2,
    EINTR: 4,
    ENXIO: 6,
    E2BIG: 7,
    EBADF: 9,
    ENOMEM: 12,
    EFAULT: 14,
    EEXIST: 17,
    EINVAL: 22,
    ENOTTY: 25,
    ENOSPC: 28,
    EOPNOTSUPP: 95,
  }).map(([name, number]) => [number, name]),
)

const hex = (word = '0') => Number.parseInt(word, 16)
const long = (word = '0') => BigInt(`0x${word}`)

function userAddress(word = '0'): bigint {
  if (word.startsWith('mem+')) return memoryAt + long(word.slice(4))
  return word.startsWith('void+') ? voidAt + long(word.slice(5)) : long(word)
}

/** Plays steps of `cases/memory-calls` on a VM of ours, as `memory-calls.c` does on the kernel's. */
export class MemoryPlayer {
  /** The rule that refused the last step, if one did. */
  refusedBy: string | undefined
  readonly #process = new ProcessMemory()
  readonly #argument = new Uint8Array(0x1000)
  readonly #bitmap = new Uint8Array(0x1000)
  readonly #memfds: GuestMemfd[] = []
  readonly #vcpus: KvmFile[] = []
  readonly #task: Task
  readonly #vm: KvmFile | undefined
  readonly #memory: Uint8Array = new Uint8Array(0)

  constructor(kernel: string, host: Host, type: bigint) {
    this.#process.map(argumentAt, this.#argument)
    this.#process.map(bitmapAt, this.#bitmap)
    const fileAt = (fd: number) => this.#memfds[fd - firstMemfd] ?? (fd === vmDescriptor ? 'other' : 'closed')
    this.#task = { memory: this.#process, mm: {}, fileAt }
    const system = openFile(openKvm({ kernel, host, memoryBytes }), this.#task)
    this.#vm = this.#call(system, 'KVM_CREATE_VM', type).file
    if (this.#vm?.object.kind !== 'vm') return
    this.#memory = this.#vm.object.vm.memory.bytes
    this.#process.map(memoryAt, this.#memory)
  }

  /** Whether there is a VM of the type that was asked for. */
  get exists(): boolean {
    return this.#vm !== undefined
  }

  play(step: string): string {
    this.refusedBy = undefined
    const [verb = '', ...words] = step.split(' ')
    if (this.#vm === undefined) return `${verb} none`
    return `${verb} ${this.#verbs[verb]?.(words) ?? 'unknown'}`
  }

  readonly #verbs: Readonly<Record<string, (words: readonly string[]) => string>> = {
    vcpu: () => this.#createVcpu(),
    ext: ([number]) => this.#value('KVM_CHECK_EXTENSION', long(number)).toString(16),
    cap: ([cap, flags, value]) =>
      this.#with(
        'KVM_ENABLE_CAP',
        encode(kvmEnableCap, { cap: hex(cap), flags: hex(flags), args: [long(value), 0n, 0n, 0n] }),
      ),
    region: (words) => this.#with('KVM_SET_USER_MEMORY_REGION', encode(kvmUserspaceMemoryRegion, region(words))),
    region2: (words) => {
      const [, , , , , fd = '', offset] = words
      const guest_memfd = fd === 'none' ? noDescriptor : fd === 'vm' ? vmDescriptor : firstMemfd + hex(fd)
      const second = { ...region(words), guest_memfd_offset: long(offset), guest_memfd }
      return this.#with('KVM_SET_USER_MEMORY_REGION2', encode(kvmUserspaceMemoryRegion2, second))
    },
    memfd: ([size, flags]) => {
      this.#argument.set(encode(kvmCreateGuestMemfd, { size: long(size), flags: long(flags) }))
      const { file, value } = this.#call(this.#vm, 'KVM_CREATE_GUEST_MEMFD', argumentAt)
      if (file?.object.kind === 'guest-memfd') this.#memfds.push(file.object.memfd)
      return told(value)
    },
    log: ([slot, words = '']) => this.#getLog(hex(slot), words),
    clear: ([slot, first, pages, ...masks]) => {
      const dirty_bitmap = masks[0] === 'fault' ? 16n : bitmapAt
      const asked = {
        slot: hex(slot),
        first_page: long(first),
        num_pages: hex(pages),
        dirty_bitmap,
        padding2: dirty_bitmap,
      }
      const view = new DataView(this.#bitmap.buffer)
      this.#bitmap.fill(0)
      if (dirty_bitmap !== 16n) for (const [at, mask] of masks.entries()) view.setBigUint64(at * 8, long(mask), true)
      return this.#with('KVM_CLEAR_DIRTY_LOG', encode(kvmClearDirtyLog, asked))
    },
    rings: () => {
      const value = this.#value('KVM_RESET_DIRTY_RINGS', 0n)
      return value < 0 ? told(value) : `0 reset=${value.toString(16)}`
    },
    mapring: ([page, pages, how = '']) => {
      const sharing = how === 'private' ? 'private' : 'shared'
      const asked = { page: hex(page), pages: hex(pages), sharing, executable: how === 'exec' } as const
      const refusal = this.#vcpus[0]?.refusesMmap(asked)
      this.refusedBy = refusal?.rule
      return refusal?.errno ?? '0'
    },
    entry: ([number]) => {
      const { flags, slot, offset } = kvmDirtyGfn.read(this.#ring(), hex(number) * kvmDirtyGfn.size)
      return `flags=${flags.toString(16)} slot=${slot.toString(16)} offset=${offset.toString(16)}`
    },
    harvest: ([from, count]) => {
      for (let at = hex(from); at < hex(from) + hex(count); at += 1)
        this.#ring().setUint32(at * kvmDirtyGfn.size, 2, true)
      return '0'
    },
    attr: ([address, size, attributes, flags]) => {
      const asked = { address: long(address), size: long(size), attributes: long(attributes), flags: long(flags) }
      return this.#with('KVM_SET_MEMORY_ATTRIBUTES', encode(kvmMemoryAttributes, asked))
    },
    prefault: ([gpa, size, flags]) => {
      const asked = { gpa: long(gpa), size: long(size), flags: long(flags) }
      const answer = this.#with('KVM_PRE_FAULT_MEMORY', encode(kvmPreFaultMemory, asked), this.#vcpus[0])
      const left = kvmPreFaultMemory.read(new DataView(this.#argument.buffer), 0)
      return `${answer} gpa=${left.gpa.toString(16)} size=${left.size.toString(16)}`
    },
    mmupages: ([pages]) => told(this.#value('KVM_SET_NR_MMU_PAGES', long(pages))),
    getmmupages: () => {
      const value = this.#value('KVM_GET_NR_MMU_PAGES', 0n)
      return value < 0 ? told(value) : `0 pages=${value.toString(16)}`
    },
    tss: ([address]) => told(this.#value('KVM_SET_TSS_ADDR', long(address))),
    ident: ([address]) => {
      new DataView(this.#argument.buffer).setBigUint64(0, address === 'fault' ? 0n : long(address), true)
      return told(this.#value('KVM_SET_IDENTITY_MAP_ADDR', address === 'fault' ? 16n : argumentAt))
    },
    zone: (words) => this.#with('KVM_REGISTER_COALESCED_MMIO', zone(words)),
    unzone: (words) => this.#with('KVM_UNREGISTER_COALESCED_MMIO', zone(words)),
    collected: () => this.#collected(),
    first: ([value]) => this.#moveEnd(0, hex(value)),
    last: ([value]) => this.#moveEnd(4, hex(value)),
    fill: ([offset, byte, count]) => {
      this.#memory.fill(hex(byte), hex(offset), hex(offset) + hex(count))
      return '0'
    },
    code: (bytes) => {
      this.#memory.set(bytes.map(hex), 0x1000)
      return '0'
    },
    protect: ([offset, size, how = '']) => {
      const access: MappingAccess = how === 'all' ? 'write' : how === 'read' ? 'read' : 'none'
      this.#process.protect(memoryAt + long(offset), hex(size), access)
      return '0'
    },
    bytes: ([offset, count]) => {
      const bytes = this.#memory.subarray(hex(offset), hex(offset) + hex(count))
      return Array.from(bytes, (byte) => byte.toString(16)).join(' ')
    },
    run: () => this.#run(),
  }

  #createVcpu(): string {
    const { file, value } = this.#call(this.#vm, 'KVM_CREATE_VCPU', BigInt(this.#vcpus.length))
    if (file?.object.kind !== 'vcpu') return told(value)
    this.#vcpus.push(file)
    const { state } = file.object.vcpu
    const sregs = state.getSregs()
    state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
    state.setRegs({ ...state.getRegs(), rip: 0x1000n, rsp: 0x8000n, rdx: 0n, rflags: 2n })
    return '0'
  }

  #getLog(slot: number, words: string): string {
    const dirty_bitmap = words === 'fault' ? 16n : bitmapAt
    this.#bitmap.fill(0xee)
    const answer = this.#with('KVM_GET_DIRTY_LOG', encode(kvmDirtyLog, { slot, dirty_bitmap }))
    if (answer !== '0' || words === 'fault') return answer
    const view = new DataView(this.#bitmap.buffer)
    const told = Array.from({ length: hex(words) }, (_, at) => view.getBigUint64(at * 8, true).toString(16))
    return ['0', ...told].join(' ')
  }

  #run(): string {
    const vcpu = this.#vcpus[0]
    if (vcpu?.object.kind !== 'vcpu') return 'no vCPU'
    const { value } = this.#call(vcpu, 'KVM_RUN', 0n)
    const { page, state } = vcpu.object.vcpu
    const view = viewOf(page.bytes)
    const reason = view.getUint32(kvmRun.offset.exit_reason, true)
    const long64 = (at: number) => view.getBigUint64(kvmRun.offset.exit + at, true).toString(16)
    const byte = (at: number) => view.getUint8(kvmRun.offset.exit + at)
    const parts = [told(value), `reason=${reason.toString(16)}`, `rip=${state.getRegs().rip.toString(16)}`]
    if (reason === exits.mmio) {
      const [isWrite, length] = [byte(20) !== 0, byte(16)]
      parts.push(`mmio=${long64(0)}`, isWrite ? 'write' : 'read', length.toString(16))
      for (let at = 0; isWrite && at < length; at += 1) parts.push(byte(8 + at).toString(16))
    }
    if (reason === exits.io) {
      const port = view.getUint16(kvmRun.offset.exit + 2, true)
      parts.push(`port=${port.toString(16)}`, byte(0) === 0 ? 'in' : 'out')
    }
    if (reason === exits.internalError) parts.push(`suberror=${byte(0).toString(16)}`)
    if (reason === exits.memoryFault) parts.push(`flags=${long64(0)}`, `gpa=${long64(8)}`, `size=${long64(16)}`)
    return parts.join(' ')
  }

  #collected(): string {
    const view = this.#collectedPage()
    const [first, last] = [view.getUint32(0, true), view.getUint32(4, true)]
    const entries: string[] = []
    for (let at = first; at !== last && at < 170; at = (at + 1) % 170) {
      const { phys_addr, len, pio, data } = kvmCoalescedMmio.read(view, 8 + at * kvmCoalescedMmio.size)
      const bytes = Array.from(data.slice(0, len), (byte) => `:${byte.toString(16)}`).join('')
      entries.push(`${pio === 0 ? '' : 'port'}${phys_addr.toString(16)}:${len.toString(16)}${bytes}`)
    }
    return [`first=${first.toString(16)}`, `last=${last.toString(16)}`, ...entries].join(' ')
  }

  #moveEnd(at: number, value: number): string {
    this.#collectedPage().setUint32(at, value, true)
    return '0'
  }

  #collectedPage(): DataView {
    return viewOf(this.#vcpus[0]?.mmap(2 * 4096, 4096))
  }

  #ring(): DataView {
    return viewOf(this.#vcpus[0]?.mmap(ringAt, 4096))
  }

  #with(name: string, argument: Uint8Array, file = this.#vm): string {
    this.#argument.fill(0).set(argument)
    return told(this.#call(file, name, argumentAt).value)
  }

  #value(name: string, argument: bigint): number {
    return this.#call(this.#vm, name, argument).value
  }

  #call(file: KvmFile | undefined, name: string, argument: bigint) {
    if (file === undefined) throw new Error(`${name} of what is not there`)
    const result = ioctl(this.#task, file, ioctlNamed(name)?.number ?? 0, argument)
    this.refusedBy = result.refusal?.rule
    return result
  }
}

const told = (value: number) => (value < 0 ? (errnoNames.get(-value) ?? 'other') : '0')

function region([slot, flags, gpa, size, user]: readonly string[]) {
  const guest_phys_addr = long(gpa)
  const fields = { slot: hex(slot), flags: hex(flags), guest_phys_addr, memory_size: long(size) }
  return { ...fields, userspace_addr: userAddress(user) }
}

function zone([addr, size, pio]: readonly string[]): Uint8Array {
  return encode(kvmCoalescedMmioZone, { addr: long(addr), size: hex(size), pio: hex(pio) })
}

function viewOf(bytes: Uint8Array | undefined): DataView {
  if (bytes === undefined) throw new Error('nothing is mapped there')
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
