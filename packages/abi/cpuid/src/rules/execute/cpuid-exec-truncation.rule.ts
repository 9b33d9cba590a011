import { always, behaviour } from '@vmm/rule'
import { probe } from '@vmm/source'
import { anExecution, type CpuidExecution } from '../../cpuid-execution.ts'
import { executed61, executed612 } from './where-read.ts'

const rax = 0xffff_ffff_0000_0007n
const rcx = 0x1_0000_0001n

/** Its outputs are zero-extended to 64 bits. */
export const cpuidExecTruncation = behaviour<CpuidExecution, CpuidExecution>({
  id: 'cpuid-exec-truncation',
  catalogue: 'cpuid-exec-truncation',
  says: 'CPUID takes the low 32 bits of RAX and RCX',
  sources: [executed61, executed612, probe('instructions', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const leaf = Number(BigInt.asUintN(32, call.rax))
        return { ...call, leaf, answering: leaf, index: Number(BigInt.asUintN(32, call.rcx)) }
      },
      witness: { in: anExecution({ rax, rcx }), out: anExecution({ rax, rcx, leaf: 7, answering: 7, index: 1 }) },
    },
  ],
})
