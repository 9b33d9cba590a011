import { kernelSource } from '@vmm/source'

export const discovery61 = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_dev_ioctl_get_cpuid', '6.1.192')
export const discovery612 = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_dev_ioctl_get_cpuid', '6.12.117')
export const dispatched612 = kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12.117')
export const hyperv612 = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_get_hv_cpuid', '6.12.117')
