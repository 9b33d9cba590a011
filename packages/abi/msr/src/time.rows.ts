import { sdm } from '@vmm/source'
import { msr } from './msr.ts'

const table = sdm('4', '2.1', 'Table 2-2, Architectural MSRs')

export const timeMsrs = [
  msr(0x010, 'IA32_TIME_STAMP_COUNTER', table, 'clock:TSC',        { needs: ['TSC'] }),
  msr(0x03b, 'IA32_TSC_ADJUST',         table, 'clock:TSC_ADJUST', { needs: ['TSC_ADJUST'] }),
  msr(0x0e7, 'IA32_MPERF',              table, 'plain',            { needs: ['APERFMPERF'] }),
  msr(0x0e8, 'IA32_APERF',              table, 'plain',            { needs: ['APERFMPERF'] }),
  msr(0x6e0, 'IA32_TSC_DEADLINE',       table, 'apic',             { needs: ['TSC_DEADLINE'] }),
]
