/** Error numbers of Linux on x86 that KVM's calls answer with, by number. Source: include/uapi/asm-generic/errno*.h. */
export const errnos = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  ESPIPE: 29,
  EDOM: 33,
  ERANGE: 34,
  ENOSYS: 38,
  EBADFD: 77,
  EOPNOTSUPP: 95,
} as const

/** The name of an error number. */
export type Errno = keyof typeof errnos
