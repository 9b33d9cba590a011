import type { Host } from '@vmm/cpuid'
import { type Profile, readProfile } from '@vmm/rule'
import type { GuestMachineOptions } from '@vmm/wasm-engine'
import type { CreateEngine, Watching } from './processor.ts'
import type { CreateVmClock } from './time/vm-clock.ts'
import type { Copy } from './user-memory.ts'

/** What a `/dev/kvm` is opened with. */
export interface KvmOptions {
  /** A release, `'6.12'` or `'5.16.3'`, and perhaps proposals over it, `'5.4+rfc-cpuid-ebusy'`. */
  readonly kernel: string | Profile
  /** The machine that the kernel seems to run on: a dump read by `readHost`, or a named one. */
  readonly host: Host
  /** Whether bugs of the release are reproduced. Default: `'as-released'`. */
  readonly bugs?: Profile['bugs']
  /** Bytes that each VM's guest memory can be made of: user space finds them at `vm.memory`. Default: 64 MiB. */
  readonly memoryBytes?: number
  /** Bytes beside them that its guest_memfds can be made of. Default: as many for a VM with private memory, else none. */
  readonly privateBytes?: number
  /** Instructions after which KVM_RUN comes back with EINTR, as if a signal had come. Default: 10 million. */
  readonly signalAfter?: number
  /** Told of every copy from and to user memory. */
  readonly onCopy?: (copy: Copy) => void
  /** Makes the time of each VM. Default: a nanosecond an instruction. */
  readonly createClock?: CreateVmClock
  /** Nanoseconds since 1970 when a VM's clock is at 0. Default: 0. */
  readonly startedAt?: bigint
  /** Told of what guests do. */
  readonly watching?: Watching
  /** When engines compile code that is hot, or false to have all of it interpreted. Default: theirs. */
  readonly hot?: NonNullable<GuestMachineOptions['hot']>
  /** WebAssembly that engines of the same program have emitted before, and where what they emit now is kept. */
  readonly emitted?: NonNullable<GuestMachineOptions['emitted']>
  /** Memory that vCPUs in other threads run at the same time, in VMs of their own, and which of the threads this one is. `memoryBytes` is then left out. */
  readonly thread?: NonNullable<GuestMachineOptions['thread']>
  /** Makes the engine of each vCPU. Default: one of `@vmm/wasm-engine`. */
  readonly createEngine?: CreateEngine
}

/**
 * The profile that options mean.
 * @throws {RangeError} if nobody has listed the release.
 */
export function profileFrom({ kernel, bugs }: Pick<KvmOptions, 'kernel' | 'bugs'>): Profile {
  if (typeof kernel !== 'string') return bugs === undefined ? kernel : { ...kernel, bugs }
  const read = readProfile(kernel)
  if (read.kind === 'bad-version') throw new RangeError(read.says)
  return bugs === undefined ? read.profile : { ...read.profile, bugs }
}
