import { hostNamed } from '@vmm/cpu-models'
import { type CpuidTable, type Host, hostFrom, tableFrom } from '@vmm/cpuid'
import type { Profile } from '@vmm/rule'
import { profileNamed } from '../kvm-release.ts'
import { readInput } from '../named-file.ts'
import { UsageError } from '../usage-error.ts'

/** The newest release that is known, where none is named. */
const newest = '7.0'

/** @throws {UsageError} if nobody has listed the release, or made the proposal. */
export function profileAsked(flag: string, release = newest): Profile {
  return profileNamed(flag, release)
}

/**
 * A host by name, or from a file with a dump of its CPUID.
 * @throws {UsageError} if it is neither.
 */
export function hostAsked(name = 'spr'): Host {
  const named = hostNamed(name)
  if (named.kind === 'host') return named.host
  if (!/[./]/.test(name)) throw new UsageError(`--host: ${named.says}; or a file with a dump`)
  const read = hostFrom(textOrBytes(readInput(name, 'host')))
  if (read.kind === 'refused') throw new UsageError(`host ${name}: ${read.says}`)
  return read.host
}

/**
 * A CPUID table in a file: what `cpuid -r` prints, `struct kvm_cpuid2`, or JSON.
 * @throws {UsageError} if it is none of them.
 */
export function tableAsked(path: string): CpuidTable {
  const read = tableFrom(textOrBytes(readInput(path, 'table')))
  if (read.kind === 'refused') throw new UsageError(`table ${path}: ${read.says}`)
  return read.entries
}

/** A dump is text, unless it has bytes that no text has. */
function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  return bytes.some((byte) => byte === 0) ? bytes : new TextDecoder().decode(bytes)
}
