import { rule, since } from '@vmm/rule'
import { kernelDoc, kernelSource, probe } from '@vmm/source'
import { type HypercallRule, isCall, made } from './case.ts'

const pageShift = 12n
const exits = { exits: 1 << 12 }

/** The attributes are user space's to judge, and so is whether there is memory. */
export const mapGpaRange: HypercallRule = rule({
  id: 'hc-map-gpa-range',
  catalogue: 'hc-map-gpa-validate',
  says: 'MAP_GPA_RANGE takes whole pages, at least one, that do not run over the end of the address space',
  lifetime: since('5.14'),
  errno: 'KVM_EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelDoc('Documentation/virt/kvm/x86/hypercalls.rst', '8. KVM_HC_MAP_GPA_RANGE'),
    probe('seeds', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: (made) => {
    if (!isCall(made, 'KVM_HC_MAP_GPA_RANGE')) return false
    const [address, pages] = made.call.arguments
    const frame = address >> pageShift
    const aligned = frame << pageShift === address
    return !aligned || pages === 0n || BigInt.asUintN(64, frame + pages) <= frame
  },
  witness: {
    refused: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 0n], exits),
    accepted: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], exits),
  },
})
