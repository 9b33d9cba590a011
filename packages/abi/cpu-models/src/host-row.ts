import { type CpuidEntry, entry, type Feature, type Host, hostOf, type VendorModule } from '@vmm/cpuid'
import type { Source } from '@vmm/source'

/** A host by its name, with where it was seen. */
export interface NamedHost {
  /** The microarchitecture's name, in lower case. */
  readonly name: string
  /** Other names for it. */
  readonly aliases: readonly string[]
  /** The part that the dump is of. */
  readonly part: string
  readonly source: Source
  readonly host: Host
}

/** What a row says of its host besides the numbers. */
export interface HostTitle extends Omit<NamedHost, 'host'> {
  readonly vendorModule: VendorModule
  /** Features that the dump has and that no kernel would use on it. */
  readonly cleared?: readonly Feature[]
}

/** ECX does not matter to this leaf. */
export const none = undefined

/** Leaf, sub-leaf, EAX, EBX, ECX, EDX. */
export type DumpLine = readonly [number, number | undefined, number, number, number, number]

/** Makes a host of its dump. Leaves that are all zeros are left out: a CPU answers the same without them. */
export function hostRow(
  { vendorModule, cleared = [], ...title }: HostTitle,
  msrs: readonly (readonly [number, bigint])[],
  lines: readonly DumpLine[],
): NamedHost {
  const cpuid = lines.map(([leaf, index, eax, ebx, ecx, edx]): CpuidEntry => entry(leaf, { eax, ebx, ecx, edx }, index))
  return { ...title, host: hostOf(cpuid, { vendorModule, cleared }, new Map(msrs)) }
}
