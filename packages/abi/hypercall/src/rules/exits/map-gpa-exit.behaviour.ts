import { type Behaviour, behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

/** What of `kvm_run.hypercall` an exit writes beside the number and the arguments. */
export interface HypercallRecord {
  /** Bit 0: 64-bit code (KVM_EXIT_HYPERCALL_LONG_MODE). */
  readonly flags: number
  /** How much of the eight bytes of `flags` is written. */
  readonly flagsBytes: 4 | 8
  /** `ret`: left as user space's last answer, or written. */
  readonly result: 'left' | 0n
}

const wide = { width: 64 } as const
const flagsOf = ({ width }: { readonly width: 64 | 32 }) => (width === 64 ? 1 : 0)

/** The words of KVM_EXIT_HYPERCALL that have a history. */
export const mapGpaExit: Behaviour<{ readonly width: 64 | 32 }, HypercallRecord> = behaviour<
  { readonly width: 64 | 32 },
  HypercallRecord
>({
  id: 'hc-map-gpa-exit',
  catalogue: 'hc-map-gpa-exit',
  says: 'the exit of a hypercall tells number, arguments, and whether 64-bit code made it',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.4'),
      says: 'in the 32 bits of longmode',
      does: (call) => ({ flags: flagsOf(call), flagsBytes: 4, result: 'left' }),
      witness: { in: wide, out: { flags: 1, flagsBytes: 4, result: 'left' } },
    },
    {
      lifetime: between('6.4', '6.14'),
      says: 'in the 64 bits of flags',
      sources: [commit('e65733b5c59a', "KVM: x86: Redefine 'longmode' as a flag for KVM_EXIT_HYPERCALL")],
      does: (call) => ({ flags: flagsOf(call), flagsBytes: 8, result: 'left' }),
      witness: { in: wide, out: { flags: 1, flagsBytes: 8, result: 'left' } },
    },
    {
      lifetime: since('6.14'),
      says: 'in the 64 bits of flags, with a result of 0 until user space has one',
      sources: [
        commit('9a1dfeff4414', 'KVM: x86: clear vcpu->run->hypercall.ret before exiting for KVM_EXIT_HYPERCALL'),
      ],
      does: (call) => ({ flags: flagsOf(call), flagsBytes: 8, result: 0n }),
      witness: { in: wide, out: { flags: 1, flagsBytes: 8, result: 0n } },
    },
  ],
})
