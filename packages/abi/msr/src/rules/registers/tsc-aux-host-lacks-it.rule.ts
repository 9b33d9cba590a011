import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const tscAux = 0xc000_0103

export const tscAuxHostLacksIt = registerRule({
  id: 'tsc-aux-host-lacks-it',
  catalogue: 'tsc-aux',
  says: 'IA32_TSC_AUX exists where the host has it, for the guest and for user space',
  lifetime: since({ absentIn: '5.4', presentIn: '6.0' }, { '5.15': '5.15.202' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.12')],
  refuses: ({ index, host }) => index === tscAux && !host.features.has('RDTSCP') && !host.features.has('RDPID'),
  witness: { refused: hostReads(tscAux, 0n, { host: { features: new Set() } }), accepted: hostReads(tscAux) },
})
