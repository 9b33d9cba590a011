import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type InstructionCase, type InstructionVerdict, instructionBytes } from './case.ts'

const foreign: InstructionCase = {
  instruction: 'VMCALL',
  native: 'VMMCALL',
  quirk: 'off',
  cpl: 0,
  protectedMode: true,
}
const patched: InstructionVerdict = { kind: 'patch', bytes: instructionBytes.VMMCALL }

const invalid: InstructionVerdict = { kind: 'fault', vector: 6 }

/** What the emulator lets pass: VMCALL of the supervisor alone, VMMCALL in protected mode alone. */
function decides(made: InstructionCase, passed: InstructionVerdict): InstructionVerdict {
  if (made.instruction === made.native) return { kind: 'hypercall' }
  if (made.instruction === 'VMMCALL') return made.protectedMode ? passed : invalid
  return made.cpl === 0 ? passed : { kind: 'fault', vector: 13, errorCode: 0 }
}

const patches = (made: InstructionCase): InstructionVerdict =>
  decides(made, { kind: 'patch', bytes: instructionBytes[made.native] })

/** The other vendor's instruction is an invalid opcode, which KVM intercepts. */
export const foreignInstruction: Behaviour<InstructionCase, InstructionVerdict> = behaviour({
  id: 'hc-quirk-patch',
  catalogue: 'hc-quirk-patch',
  says: "the other vendor's hypercall instruction is overwritten with the processor's own, or is an invalid opcode",
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'emulator_fix_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/emulate.c', 'group7_rm0', '6.1.192'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    { lifetime: until('5.19'), does: patches, witness: { in: foreign, out: patched } },
    {
      lifetime: since('5.19'),
      says: 'user space may choose the invalid opcode',
      does: (made) => (made.quirk === 'on' ? patches(made) : decides(made, invalid)),
      witness: { in: foreign, out: invalid },
    },
  ],
})
