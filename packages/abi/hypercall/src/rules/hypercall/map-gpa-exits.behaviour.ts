import { type Behaviour, behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import type { Hypercall } from '../../hypercall.ts'
import type { HypercallVerdict } from '../../verdict.ts'
import { answered } from './answered.ts'
import { type HypercallCase, made } from './case.ts'

const asked = made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n, 0x10n], { exits: 1 << 12 })
const exits: HypercallVerdict = {
  kind: 'exit',
  exit: 'hypercall',
  number: 12,
  arguments: [0x1000n, 1n, 0x10n],
  width: 64,
}
const narrow = { ...asked, call: { ...asked.call, width: 32, rax: 0x1_0000_000cn } } as const

/** User space answers: it keeps the book of what is shared and what is private. */
export const mapGpaExits: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'hc-map-gpa-exits',
  catalogue: 'hc-map-gpa-range',
  says: 'MAP_GPA_RANGE comes to user space with its first three arguments',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
    probe('seeds', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.10'),
      does: answered('KVM_HC_MAP_GPA_RANGE', exitOf),
      witness: { in: asked, out: { ...asked, verdict: exits } },
    },
    {
      lifetime: between('6.10', '6.14'),
      says: 'of 32-bit code with something in the upper half of RAX it never gets there, and returns 0',
      bug: 'the caller compares the number before the upper half was cut off, and takes what was begun for a success',
      sources: [
        kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.12.117'),
        commit('e913ef159fad', 'KVM: x86: Split core of hypercall emulation to helper function'),
      ],
      does: answered('KVM_HC_MAP_GPA_RANGE', (call) =>
        call.rax === call.number ? exitOf(call) : { kind: 'return', value: 0n },
      ),
      witness: { in: narrow, out: { ...narrow, verdict: { kind: 'return', value: 0n } } },
    },
    {
      lifetime: since('6.14'),
      sources: [
        commit('d9eb86a6f43d', 'KVM: x86: Always complete hypercall via function callback'),
        commit('c50be1c9457d', 'KVM: x86: Refactor __kvm_emulate_hypercall() into a macro'),
      ],
      does: answered('KVM_HC_MAP_GPA_RANGE', exitOf),
      witness: { in: narrow, out: { ...narrow, verdict: { ...exits, width: 32 } } },
    },
  ],
})

function exitOf({ number, width, arguments: given }: Hypercall): HypercallVerdict {
  return { kind: 'exit', exit: 'hypercall', number: Number(number), arguments: given.slice(0, 3), width }
}
