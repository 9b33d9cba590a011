import { behaviour, since } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'

/** What user space has put into `kvm_run.msr` when it calls KVM_RUN again. */
export interface MsrExitReply {
  readonly access: 'read' | 'write'
  /** `error`: 8 bits. */
  readonly error: number
  readonly data: bigint
}

/** What the instruction comes to. `eax` and `edx` are loaded, their upper halves cleared. */
export type MsrExitCompletion =
  | { readonly kind: 'fault'; readonly vector: 13; readonly errorCode: 0 }
  | { readonly kind: 'next instruction'; readonly loads?: { readonly eax: number; readonly edx: number } }

/** How an instruction ends that user space was asked about. */
export const msrExitCompleted = behaviour<MsrExitReply, MsrExitCompletion>({
  id: 'msr-exit-completed',
  catalogue: 'user-msr-exit',
  says: 'user space answers an exit with an error, which faults where the instruction is, or with data, and the guest goes on after it',
  sources: [
    kernelDoc('Documentation/virt/kvm/api.rst', '5 KVM_EXIT_X86_RDMSR'),
    kernelSource('arch/x86/kvm/x86.c', 'complete_userspace_rdmsr', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.10'),
      does: complete,
      witness: {
        in: { access: 'read', error: 0, data: 0x1_8000_0002n },
        out: { kind: 'next instruction', loads: { eax: 0x8000_0002, edx: 1 } },
      },
    },
  ],
})

function complete({ access, error, data }: MsrExitReply): MsrExitCompletion {
  if (error !== 0) return { kind: 'fault', vector: 13, errorCode: 0 }
  if (access === 'write') return { kind: 'next instruction' }
  return {
    kind: 'next instruction',
    loads: { eax: Number(data & 0xffff_ffffn), edx: Number((data >> 32n) & 0xffff_ffffn) },
  }
}
