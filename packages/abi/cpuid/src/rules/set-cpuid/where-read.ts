import { commit, kernelDoc, kernelSource, mail, probe, type Source } from '@vmm/source'

/** Where the code and the discussion of KVM_SET_CPUID{,2} were read, each once. */
export const intake61: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_set_cpuid2', '6.1.192')
export const intake612: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_set_cpuid2', '6.12.117')
export const legacy612: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_set_cpuid', '6.12.117')
export const dispatch61: Source = kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.1.192')
export const set61: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpuid', '6.1.192')
export const set612: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpuid', '6.12.117')
export const set616: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpuid', '6.16.1')
export const check612: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_check_cpuid', '6.12.117')
export const after612: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_after_set_cpuid', '6.12.117')
export const after616: Source = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_after_set_cpuid', '6.16.1')
export const apiSetCpuid: Source = kernelDoc('Documentation/virt/kvm/api.rst', '4.20 KVM_SET_CPUID')

export const allocateDynamically: Source = mail(
  '20201001130541.1398392-3-vkuznets@redhat.com',
  'KVM: x86: allocate vcpu->arch.cpuid_entries dynamically',
)
export const forbidAfterRun: Source = commit('feb627e8d6f6', 'KVM: x86: Forbid KVM_SET_CPUID{,2} after KVM_RUN')
export const allowEqual: Source = commit('c6617c61e8fe', 'KVM: x86: Partially allow KVM_SET_CPUID{,2} after KVM_RUN')
export const compareFlags: Source = commit('033a3ea59a19', 'KVM: x86: Check .flags in kvm_cpuid_check_equal() too')
export const resetOnFailure: Source = mail(
  '20200708065054.19713-2-xiaoyao.li@intel.com',
  'KVM: X86: Reset vcpu->arch.cpuid_nent to 0 if SET_CPUID* fails',
)
export const goOnWithoutLeaf1: Source = mail(
  '20200708065054.19713-3-xiaoyao.li@intel.com',
  'KVM: X86: Go on updating other CPUID leaves when leaf 1 is absent',
)
export const swapTables: Source = commit(
  '8c01290bda1a',
  'KVM: x86: Swap incoming guest CPUID into vCPU before massaging in KVM_SET_CPUID2',
)
export const deferUpdates: Source = commit(
  '93da6af3ae56',
  'KVM: x86: Defer runtime updates of dynamic CPUID bits until CPUID emulation',
)
export const updateCurrentFirst: Source = commit(
  'e2b43fb25243',
  'KVM: x86: Apply runtime updates to current CPUID during KVM_SET_CPUID{,2}',
)
export const disallowInL2: Source = commit(
  'b47b93c15b12',
  'KVM: x86: Disallow setting CPUID and/or feature MSRs if L2 is active',
)
export const reportHypervFailure: Source = commit(
  '3be29eb7b525',
  'KVM: x86: Report error when setting CPUID if Hyper-V allocation fails',
)

/** Kernels were asked: cases/set-cpuid holds the questions and the answers. */
export const asked: Source = probe('set-cpuid', 'Linux 6.1.192 and 6.12.113, kvm_amd under QEMU')
