import type { VmClock } from '@vmm/kvm'

/** Nanoseconds of the host's clock, which is the same in all threads. */
export function hostNanoseconds(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e9 + nanoseconds
}

/** The time of a machine whose processors run at the same time: the host's, since a moment of it. */
export function hostClock(since: number): VmClock {
  return { now: () => hostNanoseconds() - since, wait: () => false }
}
