/** The errors that a call on a vCPU's state can give, by the kernel's numbers. Source: include/uapi/asm-generic/errno-base.h. */
export const errnos = { ENXIO: 6, E2BIG: 7, EFAULT: 14, EBUSY: 16, EINVAL: 22 } as const
export type Errno = keyof typeof errnos

/** A call that was refused, and why. What it says about changes, it keeps: mostly there are none. */
export interface Refusal {
  readonly kind: 'refused'
  readonly errno: Errno
  readonly says: string
}

/** Refuses, with a sentence. */
export const refused = (errno: Errno, says: string): Refusal => ({ kind: 'refused', errno, says })

/** Refuses with EINVAL, which is what nearly every rule here gives. */
export const invalid = (says: string): Refusal => refused('EINVAL', says)
