import { type CpuidTable, changeEntry } from '@vmm/cpuid'
import { ioctl, KvmFile, ProcessMemory } from '@vmm/kvm'
import { ioctlNamed, kvmX86Mce, msrExitReasons, msrFilterFlags } from '@vmm/kvm-uapi'
import { encode } from '@vmm/layout'
import type { Profile } from '@vmm/rule'
import { Machine } from './machine.ts'
import { host, withEnclaves } from './tables.ts'

const capUserSpaceMsr = 188
const bankControl = 0x400
/** MOV ECX, 400H; XOR EAX, EAX; XOR EDX, EDX; WRMSR; HLT: every bit of IA32_MC0_CTL is cleared. */
const clearBank = [0x66, 0xb9, 0, 4, 0, 0, 0x66, 0x31, 0xc0, 0x66, 0x31, 0xd2, 0x0f, 0x30, 0xf4]
const checksEnabled = 1n << 6n
/** A valid, uncorrected error, which the processor reports by #MC. Source: SDM 3B §16.3.2.2 IA32_MCi_STATUS. */
const uncorrected = (1n << 63n) | (1n << 61n) | (1n << 60n)
const argument = 0x1000n

/** A table with enclaves of SGX1. */
export const enclaves = withEnclaves(1)
/** What is left of it once SGX is switched off. */
export const switchedOff: CpuidTable = changeEntry(enclaves, 0x12, 0, () => ({ eax: 0 }))

/** A guest with enclaves that user space looks after: it switches SGX off where a processor would, and on with a reset. */
class EnclaveUserSpace {
  readonly #machine: Machine

  constructor(kernel: Profile) {
    this.#machine = new Machine(kernel, host, clearBank)
    this.#machine.set(enclaves)
  }

  /** Whether the guest's write of the bank's register comes to user space, which asked for that. */
  hearsOfBank(): boolean {
    const { vm } = this.#machine
    const asked = vm.enableCap({ cap: capUserSpaceMsr, args: [BigInt(msrExitReasons.value.FILTER)] })
    const range = { flags: msrFilterFlags.value.WRITE, base: bankControl, count: 1, bitmap: Uint8Array.of(0) }
    if (asked.kind === 'done') vm.setMsrFilter({ flags: 0, ranges: [range], fault: false })
    const exit = this.#machine.run()
    return exit.kind === 'x86-wrmsr' && exit.index === bankControl
  }

  /** KVM_X86_SET_MCE on a vCPU that has run. */
  raisesMachineCheck(): boolean {
    const { vm, vcpu } = this.#machine
    this.#machine.run()
    this.#machine.setCr4(checksEnabled)
    const memory = new ProcessMemory()
    const error = { status: uncorrected, addr: 0n, misc: 0n, mcg_status: 0n, bank: 0, pad1: 0, pad2: [0n, 0n, 0n] }
    memory.map(argument, encode(kvmX86Mce, error))
    const file = new KvmFile({ kind: 'vcpu', vm, vcpu }, memory)
    return ioctl({ memory, mm: memory }, file, ioctlNamed('KVM_X86_SET_MCE')!.number, argument).value === 0
  }

  /** What the two calls answer: the one at the event, and the one at the next reset. */
  switchesOffAndOn(): string {
    const off = this.#machine.set(switchedOff)
    return `off: ${off}; on again after a reset: ${this.#machine.set(enclaves)}`
  }
}

/** A guest clears the bits of IA32_MC0_CTL. */
export function clearedBank(kernel: Profile): string {
  const user = new EnclaveUserSpace(kernel)
  return user.hearsOfBank() ? user.switchesOffAndOn() : 'user space does not hear of it'
}

/** User space injects a machine check, and switches SGX off with it. */
export function machineCheck(kernel: Profile): string {
  const user = new EnclaveUserSpace(kernel)
  return user.raisesMachineCheck() ? user.switchesOffAndOn() : 'there is no such error'
}
