import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVcpus } from '../where-recorded.ts'
import { type BootCpuIdRule, secondBoots } from './case.ts'

/** An ID that is just the limit is let through, and no vCPU will have it. */
export const bootCpuLimit: BootCpuIdRule = rule({
  id: 'boot-cpu-id-limit',
  catalogue: 'boot-cpu-id',
  says: 'who starts the machine has an ID that is not above the limits',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'), askedVcpus],
  evidence: 'recorded',
  refuses: ({ id, maxIds, idsOfVm }) => id > BigInt(Math.min(maxIds, idsOfVm)),
  witness: { refused: { ...secondBoots, id: 4097n }, accepted: { ...secondBoots, id: 4096n } },
})
