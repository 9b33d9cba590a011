import { behaviour, since, until } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { EmulationFailsCall } from '../calls.ts'

const atProgram: EmulationFailsCall = { asked: false, cpl: 3, raised: false, exits: false }
const edge = { absentIn: '5.10', presentIn: '6.1' } as const

const raisedFirst = (call: EmulationFailsCall): EmulationFailsCall => ({ ...call, raised: true, exits: call.cpl === 0 })

export const emulationFails = behaviour<EmulationFailsCall, EmulationFailsCall>({
  id: 'run-emul-fail',
  catalogue: 'run-emul-fail',
  says: 'an instruction that cannot be emulated is #UD, and an exit where the supervisor has it or user space has asked',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'handle_emulation_failure', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'handle_emulation_failure', '6.1.192'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until(edge),
      does: raisedFirst,
      witness: { in: { ...atProgram, asked: true }, out: { ...atProgram, asked: true, raised: true } },
    },
    {
      lifetime: since(edge),
      does: (call) => (call.asked ? { ...call, exits: true } : raisedFirst(call)),
      witness: { in: { ...atProgram, asked: true }, out: { ...atProgram, asked: true, exits: true } },
    },
  ],
})
