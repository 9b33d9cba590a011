/**
 * The error numbers of hypercalls. A guest gets their negatives in RAX. They are not the kernel's own errno numbers,
 * though all but one are equal to them.
 *
 * Source: include/uapi/linux/kvm_para.h.
 */
export const hypercallErrors = {
  KVM_EPERM: 1,
  KVM_E2BIG: 7,
  KVM_EFAULT: 14,
  KVM_EINVAL: 22,
  KVM_EOPNOTSUPP: 95,
  KVM_ENOSYS: 1000,
} as const

/** The name of an error number of hypercalls. */
export type HypercallError = keyof typeof hypercallErrors
