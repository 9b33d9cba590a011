import type { FdKind, Ioctl } from './ioctl.ts'
import { ioctls } from './ioctls.rows.ts'

const byNumber = new Map(ioctls.map((row) => [row.number, row]))
const byName = new Map(ioctls.map((row) => [row.name, row]))

/** The call that a request is, or undefined if KVM on x86 has none. No two have the same 32 bits. */
export function ioctlNumbered(number: number): Ioctl | undefined {
  return byNumber.get(number >>> 0)
}

/** The call of a name: `ioctlNamed('KVM_RUN')`. */
export function ioctlNamed(name: string): Ioctl | undefined {
  return byName.get(name)
}

/** Every call that a kind of file descriptor understands, in the order of the numbers. */
export function ioctlsOf(kind: FdKind): readonly Ioctl[] {
  return ioctls.filter(({ fds }) => fds.includes(kind))
}
