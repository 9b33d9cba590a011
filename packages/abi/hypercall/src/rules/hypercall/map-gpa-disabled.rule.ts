import { rule } from '@vmm/rule'
import { kernelDoc, kernelSource, probe } from '@vmm/source'
import { pageEncryptionProposals } from '../../proposals.ts'
import { type HypercallCase, type HypercallRule, isCall, made } from './case.ts'

/** Whether user space has asked for the exit of MAP_GPA_RANGE. */
export function wantsMapGpaExit({ context, call }: HypercallCase): boolean {
  return ((context.exits >>> Number(call.number)) & 1) === 1
}

/**
 * A guest must not believe that a change of state was noted which nobody heard of. Only user space's wish counts: the
 * guest's own feature bit is never asked for.
 */
export const mapGpaDisabled: HypercallRule = rule({
  id: 'hc-map-gpa-disabled',
  catalogue: 'hc-map-gpa-disabled',
  says: 'MAP_GPA_RANGE fails until user space has asked for its exit, whatever its arguments are',
  lifetime: { mainline: { since: '5.14' }, without: pageEncryptionProposals },
  errno: 'KVM_ENOSYS',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelDoc('Documentation/virt/kvm/api.rst', '8.34 KVM_CAP_EXIT_HYPERCALL'),
    probe('seeds', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: (made) => isCall(made, 'KVM_HC_MAP_GPA_RANGE') && !wantsMapGpaExit(made),
  witness: {
    refused: made('KVM_HC_MAP_GPA_RANGE', [1n, 0n]),
    accepted: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { exits: 1 << 12 }),
  },
})
