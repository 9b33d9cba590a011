import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type InstructionCase, type InstructionVerdict, instructionBytes } from './case.ts'

const foreign: InstructionCase = { instruction: 'VMCALL', native: 'VMMCALL', quirk: 'off' }
const patched: InstructionVerdict = { kind: 'patch', bytes: instructionBytes.VMMCALL }

function patches({ instruction, native }: InstructionCase): InstructionVerdict {
  return instruction === native ? { kind: 'hypercall' } : { kind: 'patch', bytes: instructionBytes[native] }
}

/** The other vendor's instruction is an invalid opcode, which KVM intercepts. */
export const foreignInstruction: Behaviour<InstructionCase, InstructionVerdict> = behaviour({
  id: 'hc-quirk-patch',
  catalogue: 'hc-quirk-patch',
  says: "the other vendor's hypercall instruction is overwritten with the processor's own, or is an invalid opcode",
  sources: [kernelSource('arch/x86/kvm/x86.c', 'emulator_fix_hypercall', '6.1.192')],
  evidence: 'source',
  versions: [
    { lifetime: until('5.19'), does: patches, witness: { in: foreign, out: patched } },
    {
      lifetime: since('5.19'),
      says: 'user space may choose the invalid opcode',
      does: (made) =>
        made.quirk === 'on' || made.instruction === made.native ? patches(made) : { kind: 'fault', vector: 6 },
      witness: { in: foreign, out: { kind: 'fault', vector: 6 } },
    },
  ],
})
