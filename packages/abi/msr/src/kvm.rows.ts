import { bit, bits } from '@vmm/bits'
import { kernelDoc } from '@vmm/source'
import { msr } from './msr.ts'
import { keepsNothing } from './rules.ts'

const source = kernelDoc('Documentation/virt/kvm/x86/msr.rst', 'KVM-specific MSRs')

export const kvmMsrs = [
  msr(0x011, 'MSR_KVM_WALL_CLOCK',  source, 'kvmclock', { needs: ['KVM_FEATURE_CLOCKSOURCE'] }),
  msr(0x012, 'MSR_KVM_SYSTEM_TIME', source, 'kvmclock', { needs: ['KVM_FEATURE_CLOCKSOURCE'] }),
  msr(0x4b56_4d00, 'MSR_KVM_WALL_CLOCK_NEW',  source, 'kvmclock', { needs: ['KVM_FEATURE_CLOCKSOURCE2'] }),
  msr(0x4b56_4d01, 'MSR_KVM_SYSTEM_TIME_NEW', source, 'kvmclock', { needs: ['KVM_FEATURE_CLOCKSOURCE2'] }),
  msr(0x4b56_4d02, 'MSR_KVM_ASYNC_PF_EN', source, 'pv:async-pf', {
    needs: ['KVM_FEATURE_ASYNC_PF'],
    fields: {
      ENABLED:            bit ( 0,    'Asynchronous page faults'),
      SEND_ALWAYS:        bit ( 1,    'Also at CPL 0'),
      AS_PF_VMEXIT:   { ...bit ( 2,    'To the nested hypervisor as #PF VM exits'), needs: 'KVM_FEATURE_ASYNC_PF_VMEXIT' },
      DELIVERY_AS_INT: { ...bit ( 3,   'Page ready as an interrupt'), needs: 'KVM_FEATURE_ASYNC_PF_INT' },
      GPA:                bits(63, 6, 'Physical address of 64 bytes, bits 63:6'),
    },
  }),
  msr(0x4b56_4d03, 'MSR_KVM_STEAL_TIME', source, 'pv:steal-time', {
    needs: ['KVM_FEATURE_STEAL_TIME'],
    fields: { ENABLED: bit(0, 'Steal time'), GPA: bits(63, 6, 'Physical address of 64 bytes, bits 63:6') },
  }),
  msr(0x4b56_4d04, 'MSR_KVM_PV_EOI_EN', source, 'pv:eoi', {
    needs: ['KVM_FEATURE_PV_EOI'],
    fields: { ENABLED: bit(0, 'Paravirtual end of interrupt'), GPA: bits(63, 2, 'Physical address of 4 bytes, bits 63:2') },
  }),
  msr(0x4b56_4d05, 'MSR_KVM_POLL_CONTROL', source, 'plain', {
    needs: ['KVM_FEATURE_POLL_CONTROL'],
    reset: 1n,
    fields: { ENABLED: bit(0, 'The host may poll on HLT') },
  }),
  msr(0x4b56_4d06, 'MSR_KVM_ASYNC_PF_INT', source, 'pv:async-pf', {
    needs: ['KVM_FEATURE_ASYNC_PF_INT'],
    fields: { VECTOR: bits(7, 0, 'Interrupt vector of page ready') },
  }),
  msr(0x4b56_4d07, 'MSR_KVM_ASYNC_PF_ACK', source, 'pv:async-pf', { needs: ['KVM_FEATURE_ASYNC_PF_INT'], keeps: keepsNothing }),
]
