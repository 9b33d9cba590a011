import { generalProtection } from '@vmm/x86-semantics'
import type { Surroundings } from './subject.ts'

/** The time-stamp counter, as an MSR. */
const IA32_TIME_STAMP_COUNTER = 0x10

/** Ports that answer what a case says, and remember what they are told. `now` is the surroundings of the present case. */
export function casePorts(now: () => Surroundings) {
  const answer = (key: string) => now().answers.get(key)
  const tell = (key: string, value: bigint) => void now().told.set(key, value)
  return {
    cpuid: (leaf: number) => [leaf, 0, 0, 0] as const,
    readMsr: (index: number) => answer(`msr ${index}`) ?? generalProtection,
    writeMsr: (index: number, value: bigint) => {
      if (answer(`msr ${index}`) === undefined) return generalProtection
      tell(`msr ${index}`, value)
      return undefined
    },
    portIn: (port: number) => Number(answer(`port ${port}`) ?? 0xffff_ffffn),
    portOut: (port: number, _size: number, value: number) => {
      tell(`port ${port}`, BigInt(value >>> 0))
      return true
    },
    mmioRead: () => (1n << 64n) - 1n,
    mmioWrite: () => {},
    timeStamp: () => answer(`msr ${IA32_TIME_STAMP_COUNTER}`) ?? 0n,
    random: () => 0x0123_4567_89ab_cdefn,
    taskPriority: () => 0,
    setTaskPriority: () => {},
    hypercall: () => true,
    writeXcr: () => undefined,
    optional: () => true,
  }
}
