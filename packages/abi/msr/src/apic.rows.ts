import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { msr } from './msr.ts'
import { physicalAddress } from './rules.ts'

const base = sdm('3A', '12.4.4', 'Local APIC Status and Location')
const x2apic = sdm('3A', '12.12.1.2', 'x2APIC Register Address Space')

export const apicMsrs = [
  msr(0x01b, 'IA32_APIC_BASE', base, 'apic', {
    needs: ['APIC', 'MSR'],
    reset: 0xfee0_0800n,
    fields: {
      BSP:       bit ( 8,     'This is the bootstrap processor'),
      EXTD:  { ...bit (10,     'x2APIC mode'), needs: 'X2APIC' },
      EN:        bit (11,     'The local APIC is enabled'),
      APIC_BASE: bits(51, 12, 'Physical address of its registers, bits 51:12'),
    },
    rules: [
      physicalAddress('IA32_APIC_BASE', base),
      {
        says: 'IA32_APIC_BASE.EXTD needs EN',
        source: sdm('3A', '12.12.5', 'x2APIC State Transitions'),
        binds: 'guest and host',
        refuses: ({ after }) => (after & 0xc00n) === 0x400n,
      },
    ],
  }),
  msr(0x800, 'x2APIC registers', x2apic, 'apic', { last: 0x8ff, needs: ['X2APIC'] }),
]
