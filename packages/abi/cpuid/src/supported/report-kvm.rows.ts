import { always, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { type Report, reportsOf } from './report.ts'

const features = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func, KVM_CPUID_FEATURES', '6.12.117'))
const flush = reportsOf(commit('f38a7b75267f', 'KVM: X86: support paravirtualized help for TLB shootdowns'))
const vmexit = reportsOf(commit('52a5c155cf79', 'KVM: async_pf: Let guest support delivery of async_pf from guest mode'))
const ipi = reportsOf(commit('4180bf1b655a', 'KVM: X86: Implement "send IPI" hypercall'))
const poll = reportsOf(commit('2d5ba19bdfef', 'kvm: x86: add host poll control msrs'))
const yields = reportsOf(commit('32b72ecc63a5', 'KVM: X86: Expose PV_SCHED_YIELD CPUID feature bit to guest'))
const interrupt = reportsOf(commit('72de5fa4c161', 'KVM: x86: announce KVM_FEATURE_ASYNC_PF_INT'))

/** Leaf 40000001H. Bits 15 to 17 and the hints are never reported: whoever has them to offer says so. */
export const reportsKvm: readonly Report[] = [
  features( 'KVM_FEATURE_CLOCKSOURCE',            'set', always),
  features( 'KVM_FEATURE_NOP_IO_DELAY',           'set', always),
  features( 'KVM_FEATURE_CLOCKSOURCE2',           'set', always),
  features( 'KVM_FEATURE_ASYNC_PF',               'set', always),
  features( 'KVM_FEATURE_STEAL_TIME',             'set', always, { when: ['run-queue statistics'] }),
  features( 'KVM_FEATURE_PV_EOI',                 'set', always),
  features( 'KVM_FEATURE_PV_UNHALT',              'set', always),
  flush(    'KVM_FEATURE_PV_TLB_FLUSH',           'set', since('4.16')),
  vmexit(   'KVM_FEATURE_ASYNC_PF_VMEXIT',        'set', since({ absentIn: '4.13', presentIn: '4.17' })),
  ipi(      'KVM_FEATURE_PV_SEND_IPI',            'set', since('4.19')),
  poll(     'KVM_FEATURE_POLL_CONTROL',           'set', since('5.3')),
  yields(   'KVM_FEATURE_PV_SCHED_YIELD',         'set', since('5.3')),
  interrupt('KVM_FEATURE_ASYNC_PF_INT',           'set', since('5.8')),
  features( 'KVM_FEATURE_CLOCKSOURCE_STABLE_BIT', 'set', always),
]
