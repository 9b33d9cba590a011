import { ramSlots } from '@vmm/boot'
import { type CpuidTable, has, tableOfProcessor } from '@vmm/cpuid'
import type { PortRange } from '@vmm/device'
import {
  type Answer,
  type CreateEngine,
  type CreateVmClock,
  type KvmOptions,
  type KvmVcpu,
  openKvm,
  type Vm,
  type Watching,
} from '@vmm/kvm'
import { disableExits, pitConfigFlags } from '@vmm/kvm-uapi'
import { firmwareValues } from '@vmm/msr'
import type { VmxCapability } from '@vmm/nested-vmx'
import type { Profile } from '@vmm/rule'
import { programControllers } from './firmware.ts'
import { softwareHost, vmxMsrsWithout } from './kvm-release.ts'
import { UsageError } from './usage-error.ts'

/** KVM_CAP_X86_DISABLE_EXITS. */
const disablesExits = 143

/** What a VM is made with. */
export interface GuestVmOptions {
  readonly kernel: Profile
  readonly memorySize: number
  /** The CPUID table of the first vCPU: the others have the same, each with an ID of its own. */
  readonly cpuid: CpuidTable
  /** What VMX lacks of what it could do. */
  readonly vmxLacks?: readonly VmxCapability[] | undefined
  readonly cpus: number
  readonly createClock: CreateVmClock
  /** Nanoseconds since 1970 when the clock is at 0. */
  readonly startedAt: bigint
  readonly watching: Watching
  /** The ports of devices that are not in the kernel. */
  readonly ports: PortRange
  readonly createEngine?: CreateEngine
  readonly hot?: NonNullable<KvmOptions['hot']>
  readonly emitted?: NonNullable<KvmOptions['emitted']>
}

/** A VM of the release's, its memory and its vCPUs, as this user space of it has them. */
export class GuestVm {
  readonly vm: Vm
  /** The one that starts the machine. */
  readonly vcpu: KvmVcpu
  readonly #slots
  readonly #vmxLacks: readonly VmxCapability[] | undefined

  /** @throws {UsageError} for what the release refuses: one line that names the call and its rule. */
  constructor({ kernel, memorySize, cpuid, vmxLacks, cpus, ports, ...rest }: GuestVmOptions) {
    const kvm = openKvm({ kernel, host: softwareHost(kernel), memoryBytes: memorySize, ...rest })
    this.#vmxLacks = vmxLacks
    this.vm = granted(kvm.createVm())
    letWait(this.vm, cpuid)
    // what is attached later wins: the controllers keep their ports
    granted(this.vm.buses.io.attach(ports))
    granted(this.vm.createIrqchip())
    granted(this.vm.createPit2(pitConfigFlags.value.SPEAKER_DUMMY))
    let offset = 0
    this.#slots = ramSlots(memorySize).map(({ address, bytes }, slot) => {
      const placed = { slot, address, bytes, offset }
      offset += bytes
      return placed
    })
    for (const { slot, address, bytes, offset: at } of this.#slots) {
      const [guest_phys_addr, memory_size] = [BigInt(address), BigInt(bytes)]
      const userspace_addr = this.vm.memory.address + BigInt(at)
      granted(this.vm.setUserMemoryRegion({ slot, flags: 0, guest_phys_addr, memory_size, userspace_addr }))
    }
    this.vcpu = this.#createVcpu(0, cpuid)
    for (let id = 1; id < cpus; id += 1) this.#createVcpu(id, cpuid)
    this.reset()
  }

  /** Stores to guest memory. False where there is not so much of it. */
  write(address: number, bytes: Uint8Array): boolean {
    const slot = this.#slotAt(address)
    if (slot === undefined || address + bytes.length > slot.address + slot.bytes) return false
    this.vm.memory.write(slot.offset + address - slot.address, bytes)
    return true
  }

  /** Guest memory from an address to the end of its slot; undefined where there is none. */
  at(address: number): Uint8Array | undefined {
    const slot = this.#slotAt(address)
    if (slot === undefined) return undefined
    return this.vm.memory.bytes.subarray(slot.offset + address - slot.address, slot.offset + slot.bytes)
  }

  /** Everything that is in the kernel, as it is after power-up, and firmware. */
  reset(): void {
    this.vm.interrupts.reset()
    for (const vcpu of this.vm.vcpus) {
      vcpu.reset()
      setMsrs(vcpu, this.#vmxLacks)
    }
    programControllers(this.vm.buses.io)
  }

  /** Its APIC ID is its number. */
  #createVcpu(id: number, cpuid: CpuidTable): KvmVcpu {
    const vcpu = granted(this.vm.createVcpu(id))
    granted(vcpu.setCpuid2(tableOfProcessor(cpuid, id)))
    return vcpu
  }

  #slotAt(address: number) {
    return this.#slots.find((slot) => address >= slot.address && address < slot.address + slot.bytes)
  }
}

/** A guest that knows MWAIT waits in it: KVM, where it comes to that, does nothing, and the guest is never idle. */
export function letWait(vm: Vm, cpuid: CpuidTable): void {
  const { MWAIT } = disableExits.value
  const allowed = (vm.checkExtension(disablesExits) & MWAIT) !== 0
  if (allowed && has(cpuid, 'MONITOR')) granted(vm.enableCap({ cap: disablesExits, args: [BigInt(MWAIT)] }))
}

/** What firmware would have left in them, and what VMX lacks. */
export function setMsrs({ state, profile }: KvmVcpu, vmxLacks: readonly VmxCapability[] = []): void {
  const entries = [
    ...[...firmwareValues].map(([index, data]) => ({ index, data })),
    ...vmxMsrsWithout(vmxLacks, profile),
  ]
  const set = state.setMsrs(entries)
  if (set !== entries.length) throw new Error(`KVM_SET_MSRS took ${JSON.stringify(set)} of ${entries.length}`)
}

/** What a call gives. */
export function granted<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new UsageError(answer.says)
  return answer.value
}

/** What of some options a machine is watched by. */
export function watchingOf({ trace, onExit, counts, clock }: Watching): Watching {
  return {
    ...(trace === undefined ? {} : { trace }),
    ...(onExit === undefined ? {} : { onExit }),
    ...(counts === undefined ? {} : { counts }),
    ...(clock === undefined ? {} : { clock }),
  }
}
