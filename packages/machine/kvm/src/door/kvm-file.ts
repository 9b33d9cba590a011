import { type Errno, type Refusal, refusalOf, resolve } from '@vmm/rule'
import { EventFd, type EventFdOptions } from '../event-fd.ts'
import type { Kvm } from '../kvm.ts'
import type { GuestMemfd } from '../memory/guest-memfd.ts'
import { statisticsRead } from '../rules/get-stats-fd/read.behaviour.ts'
import type { VcpuMmapCase } from '../rules/vcpu-mmap/case.ts'
import { vcpuMmapPipeline } from '../rules/vcpu-mmap/index.ts'
import type { Task } from '../task.ts'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'

/** What mmap is asked for, in pages. */
export type MmapAsked = Pick<VcpuMmapCase, 'page' | 'pages' | 'sharing' | 'executable'>

const pageBytes = 4096
const [{ does: readStatistics }] = statisticsRead.versions
/** KVM_DIRTY_LOG_PAGE_OFFSET. */
const ringPage = 64

/** What an open file of KVM's is. */
export type KvmObject =
  | { readonly kind: 'system'; readonly kvm: Kvm }
  | { readonly kind: 'vm'; readonly vm: Vm }
  | { readonly kind: 'vcpu'; readonly vm: Vm; readonly vcpu: KvmVcpu }
  /** VFIO's, of a VM. */
  | { readonly kind: 'device'; readonly vm: Vm }
  /** It answers no calls, and is given to some. */
  | { readonly kind: 'eventfd'; readonly eventFd: EventFd }
  /** What is counted of a VM or a vCPU: it is read, and answers no calls. */
  | { readonly kind: 'statistics'; readonly vm: Vm; readonly bytes: () => Uint8Array }
  | { readonly kind: 'guest-memfd'; readonly vm: Vm; readonly memfd: GuestMemfd }

/** Something that lives as long as a file is open on it, or on what belongs to it. */
interface Shared {
  references: number
  /** Where the next read begins, of a file that has an end. */
  position: number
  readonly onLast: () => void
}

/**
 * An open file descriptor of KVM's. A vCPU's keeps its VM alive: the VM's own may be closed first. What user space has
 * mapped stays mapped.
 */
export class KvmFile {
  readonly object: KvmObject
  /** The address space of who made it. */
  readonly mm: object
  readonly #shared: Shared
  #open = true

  constructor(object: KvmObject, mm: object, onLast: () => void = () => {}, shared?: Shared) {
    this.object = object
    this.mm = mm
    this.#shared = shared ?? { references: 0, position: 0, onLast }
    this.#shared.references += 1
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Another descriptor of the same file. */
  dup(): KvmFile {
    if (!this.#open) throw new RangeError('a file that is closed has no duplicates')
    return new KvmFile(this.object, this.mm, this.#shared.onLast, this.#shared)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#shared.references -= 1
    if (this.#shared.references === 0) this.#shared.onLast()
  }

  /** `read` of at most so many bytes. Of what there is here, eventfds and statistics are read; nothing waits. */
  read(length: number): Uint8Array | Errno {
    if (!this.#open) return 'EBADF'
    if (this.object.kind === 'statistics') return this.#readOn(this.object.bytes(), length)
    if (this.object.kind !== 'eventfd' || length < counterBytes) return 'EINVAL'
    const count = this.object.eventFd.read()
    if (typeof count === 'string') return count
    const bytes = new Uint8Array(counterBytes)
    new DataView(bytes.buffer).setBigUint64(0, count, true)
    return bytes
  }

  /** From where the last read ended. */
  #readOn(bytes: Uint8Array, length: number): Uint8Array {
    const from = this.#shared.position
    const { given, moved } = readStatistics({ call: 'read', from, length, bytes: bytes.length })
    this.#shared.position += moved
    return bytes.slice(from, from + given)
  }

  /** `pread`: of what there is here, statistics are read so. */
  pread(length: number, offset: number): Uint8Array | Errno {
    if (!this.#open) return 'EBADF'
    if (this.object.kind !== 'statistics') return 'ESPIPE'
    if (offset < 0) return 'EINVAL'
    const bytes = this.object.bytes()
    const { given } = readStatistics({ call: 'pread', from: offset, length, bytes: bytes.length })
    return bytes.slice(offset, offset + given)
  }

  /** `write`: how many bytes were taken. */
  write(bytes: Uint8Array): number | Errno {
    if (!this.#open) return 'EBADF'
    if (this.object.kind !== 'eventfd' || bytes.length < counterBytes) return 'EINVAL'
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return this.object.eventFd.write(view.getBigUint64(0, true)) ?? counterBytes
  }

  /** `poll`: POLLIN, POLLOUT and POLLERR. */
  poll(): number {
    if (this.object.kind !== 'eventfd') return pollBits.ofFilesThatNeverWait
    const { readable, writable, overflowed } = this.object.eventFd.poll()
    return (readable ? pollBits.in : 0) | (writable ? pollBits.out : 0) | (overflowed ? pollBits.error : 0)
  }

  /** What is at an offset of a vCPU's file, for as long as asked; `undefined`: user space would get SIGBUS. */
  mmap(offset: number, length: number): Uint8Array | undefined {
    if (this.object.kind !== 'vcpu' || offset < 0 || length <= 0) return undefined
    const { page, ring } = this.object.vcpu
    if (offset + length <= page.bytes.length) return page.bytes.subarray(offset, offset + length)
    const inRing = offset - ringPage * pageBytes
    if (ring === undefined || inRing < 0 || inRing + length > ring.bytes.length) return undefined
    return ring.bytes.subarray(inRing, inRing + length)
  }

  /** Why `mmap` itself would fail, if it would: what lies there is another matter. */
  refusesMmap({ page, pages, sharing, executable }: MmapAsked): Refusal | undefined {
    if (this.object.kind !== 'vcpu') return undefined
    const { vcpu } = this.object
    const ring = { page: ringPage, pages: (vcpu.ring?.bytes.length ?? 0) / pageBytes }
    return refusalOf(resolve(vcpuMmapPipeline, vcpu.profile), { page, pages, sharing, executable, ring })
  }
}

/** What `poll` says. Source: include/uapi/linux/eventpoll.h. */
const pollBits = { in: 1, out: 4, error: 8, ofFilesThatNeverWait: 0x145 } as const
const counterBytes = 8

/** Makes an eventfd, as `eventfd` does. */
export function openEventFd(task: Task, options?: EventFdOptions): KvmFile {
  const eventFd = new EventFd(options)
  return new KvmFile({ kind: 'eventfd', eventFd }, task.mm, () => eventFd.close())
}

/** Opens `/dev/kvm`. */
export function openFile(kvm: Kvm, task: Task): KvmFile {
  return new KvmFile({ kind: 'system', kvm }, task.mm)
}
