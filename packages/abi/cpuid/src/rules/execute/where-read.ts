import { kernelSource } from '@vmm/source'

export const executed61 = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_cpuid', '6.1.192')
export const executed612 = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_cpuid', '6.12.117')
