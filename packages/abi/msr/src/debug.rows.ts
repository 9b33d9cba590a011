import { bit } from '@vmm/bits'
import { kernelSource, sdm } from '@vmm/source'
import { msr } from './msr.ts'

const debug = sdm('3B', '19.4.1', 'IA32_DEBUGCTL MSR')
const kvm = kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.1')

export const debugMsrs = [
  msr(0x1d9, 'IA32_DEBUGCTL', debug, 'engine:DEBUGCTL', {
    fields: {
      LBR:     { ...bit( 0, 'Last branch records; nothing records them'), access: 'read-only' },
      BTF:         bit( 1, 'Single-step on branches'),
      BLD:     { ...bit( 2, 'Bus locks raise #DB'), needs: 'BUS_LOCK_DETECT' },
      RTM:     { ...bit(15, 'Debugging inside transactions'), needs: 'RTM' },
    },
  }),
  msr(0x1db, 'MSR_LASTBRANCHFROMIP', kvm, 'nothing', { access: 'constant' }),
  msr(0x1dc, 'MSR_LASTBRANCHTOIP',   kvm, 'nothing', { access: 'constant' }),
  msr(0x1dd, 'MSR_LASTINTFROMIP',    kvm, 'nothing', { access: 'constant' }),
  msr(0x1de, 'MSR_LASTINTTOIP',      kvm, 'nothing', { access: 'constant' }),
]
