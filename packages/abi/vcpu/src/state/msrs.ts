import { type KvmMsrEntry, kvmMsrEntry, kvmMsrs } from '@vmm/kvm-uapi'
import { decode, encode } from '@vmm/layout'
import { type Refusal, refused } from '../refusal.ts'
import type { StateParts } from './parts.ts'

/** One call takes fewer than this. Source: arch/x86/kvm/x86.c MAX_IO_MSRS. */
export const maxIoMsrs = 256

/**
 * KVM_GET_MSRS: the entries up to the first register that cannot be read, with what they hold. The call's answer is
 * how many that are.
 */
export function getMsrs({ msrs }: StateParts, indices: readonly number[]): Refusal | readonly KvmMsrEntry[] {
  if (indices.length >= maxIoMsrs) return tooMany
  const read: KvmMsrEntry[] = []
  for (const index of indices) {
    const data = msrs.host('read', index, 0n)
    if (data === undefined) break
    read.push({ index, data })
  }
  return read
}

/** KVM_SET_MSRS: how many were set before the first that was refused. What was set before it stays set. */
export function setMsrs({ msrs, engine }: StateParts, entries: readonly KvmMsrEntry[]): Refusal | number {
  if (entries.length >= maxIoMsrs) return tooMany
  let done = 0
  for (const { index, data } of entries) {
    if (msrs.host('write', index, data) === undefined) break
    done += 1
  }
  engine.modeChanged()
  return done
}

const tooMany = refused('E2BIG', `${maxIoMsrs} MSRs or more in one call`)

/** The bytes of `struct kvm_msrs`. */
export function encodeMsrs(entries: readonly KvmMsrEntry[]): Uint8Array {
  const made = new Uint8Array(kvmMsrs.size + entries.length * kvmMsrEntry.size)
  made.set(encode(kvmMsrs, { nmsrs: entries.length }))
  for (const [at, entry] of entries.entries())
    made.set(encode(kvmMsrEntry, entry), kvmMsrs.size + at * kvmMsrEntry.size)
  return made
}

/** The entries of `struct kvm_msrs`: E2BIG for too many, EFAULT where the bytes end before them. */
export function decodeMsrs(from: Uint8Array): Refusal | readonly KvmMsrEntry[] {
  if (from.length < kvmMsrs.size) return refused('EFAULT', 'the head is not all there')
  const { nmsrs } = decode(kvmMsrs, from)
  if (nmsrs >= maxIoMsrs) return tooMany
  if (from.length < kvmMsrs.size + nmsrs * kvmMsrEntry.size) return refused('EFAULT', 'the entries are not all there')
  return Array.from({ length: nmsrs }, (_, at) =>
    decode(kvmMsrEntry, from.subarray(kvmMsrs.size + at * kvmMsrEntry.size)),
  )
}
