import {
  arithmetic,
  branches,
  calls,
  checksum,
  extendedFloats,
  floats,
  packedIntegers,
  pointerChase,
  sieve,
  stringCopies,
} from './computing.ts'
import type { Workload } from './kernel.ts'
import { arithmetic32, memory32 } from './narrow.ts'
import { changingCode, exceptions, ports, systemCalls, tlbFlushes } from './system.ts'

/** What 32-bit guests do. */
export const workloads32: Readonly<Record<string, Workload>> = {
  '32-bit arithmetic': arithmetic32,
  '32-bit memory': memory32,
}

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
  'floats of 80 bits': extendedFloats,
  'packed integers': packedIntegers,
  'TLB flushes': tlbFlushes,
  'system calls': systemCalls,
  exceptions,
  ports,
  'changing code': changingCode,
}
