import type { CpuidTable, Host } from '@vmm/cpuid'
import { type Answer, type KvmVcpu, openKvm, type Vm } from '@vmm/kvm'
import type { Profile, Refusal } from '@vmm/rule'
import type { VcpuExit } from '@vmm/vcpu'

const reset = { base: 0xffff_f000n, bytes: 0x1000n }
const firstInstruction = 0xff0
const hlt = 0xf4

/** A `/dev/kvm` with a VM and a vCPU whose guest executes some code where a processor begins, and halts, and halts again. */
export class Machine {
  readonly vm: Vm
  readonly vcpu: KvmVcpu

  constructor(kernel: Profile, host: Host, code: readonly number[] = []) {
    this.vm = given(openKvm({ kernel, host, memoryBytes: 1 << 16 }).createVm())
    const { memory } = this.vm
    memory.bytes.fill(hlt)
    memory.bytes.set(code, firstInstruction)
    const region = { guest_phys_addr: reset.base, memory_size: reset.bytes, userspace_addr: memory.address }
    given(this.vm.setUserMemoryRegion({ slot: 0, flags: 0, ...region }))
    this.vcpu = given(this.vm.createVcpu(0))
  }

  /** Enters the guest until it comes to user space. */
  run(): VcpuExit {
    return given(this.vcpu.run())
  }

  setCr4(cr4: bigint): void {
    const { state } = this.vcpu
    const refused = state.setSregs({ ...state.getSregs(), cr4 })
    if (refused !== undefined) throw new Error(refused.says)
  }

  /** KVM_SET_CPUID2, told in a few words. */
  set(table: CpuidTable, permitted = 0n): string {
    return wordsOf(this.vcpu.setCpuid2(table, { permitted }))
  }

  /** KVM_GET_CPUID2. */
  get(): CpuidTable {
    return given(this.vcpu.getCpuid2(256)).entries
  }
}

/** What a call that cannot fail here gave. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** An answer in a few words: that the call succeeded, or its errno and rule. */
export function wordsOf(answer: { readonly kind: string } | Refusal): string {
  return 'errno' in answer ? `${answer.errno} (\`${answer.rule}\`)` : 'taken'
}
