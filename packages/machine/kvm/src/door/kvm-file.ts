import type { Kvm } from '../kvm.ts'
import type { Task } from '../task.ts'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'

/** What an open file of KVM's is. */
export type KvmObject =
  | { readonly kind: 'system'; readonly kvm: Kvm }
  | { readonly kind: 'vm'; readonly vm: Vm }
  | { readonly kind: 'vcpu'; readonly vm: Vm; readonly vcpu: KvmVcpu }

/** Something that lives as long as a file is open on it, or on what belongs to it. */
interface Shared {
  references: number
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
    this.#shared = shared ?? { references: 0, onLast }
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

  /** What is at an offset of a vCPU's file, for as long as asked; `undefined`: user space would get SIGBUS. */
  mmap(offset: number, length: number): Uint8Array | undefined {
    if (this.object.kind !== 'vcpu') return undefined
    const { bytes } = this.object.vcpu.page
    return offset >= 0 && length > 0 && offset + length <= bytes.length
      ? bytes.subarray(offset, offset + length)
      : undefined
  }
}

/** Opens `/dev/kvm`. */
export function openFile(kvm: Kvm, task: Task): KvmFile {
  return new KvmFile({ kind: 'system', kvm }, task.mm)
}
