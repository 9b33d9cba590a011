import {
  arithmetic,
  branches,
  calls,
  checksum,
  floats,
  packedIntegers,
  pointerChase,
  sieve,
  stringCopies,
} from './computing.ts'
import type { Workload } from './kernel.ts'
import { changingCode, exceptions, ports, systemCalls, tlbFlushes } from './system.ts'

/** A kernel that only starts and ends, and then what a processor does all day, one thing at a time. */
export const workloads: Readonly<Record<string, Workload>> = {
  nothing: () => {},
  arithmetic,
  branches,
  sieve,
  'pointer chase': pointerChase,
  calls,
  'string copies': stringCopies,
  checksum,
  floats,
  'packed integers': packedIntegers,
  'TLB flushes': tlbFlushes,
  'system calls': systemCalls,
  exceptions,
  ports,
  'changing code': changingCode,
}
