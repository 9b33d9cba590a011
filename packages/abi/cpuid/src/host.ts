import type { Feature } from './all.ts'
import { type CpuidTable, findEntry } from './entry.ts'
import { readMsrs } from './read-msrs.ts'
import { DumpError, tableFrom } from './read-table.ts'
import { type Refused, refused } from './resolve-features.ts'
import { vendorOf } from './text.ts'

/** The module that gives KVM its instructions: `'kvm_intel'`, `'kvm_amd'`, or another one by its name. */
export type VendorModule = 'kvm_intel' | 'kvm_amd' | (string & {})

/** A physical machine with a kernel on it, as far as KVM's answers depend on it. */
export interface Host {
  /** What the hardware answers, each sub-leaf with its index. */
  readonly cpuid: CpuidTable
  /** What MSRs of the hardware read, by number: those that enumerate features. */
  readonly msrs: ReadonlyMap<number, bigint>
  readonly vendorModule: VendorModule
  /** MAXPHYADDR of the hardware, whatever a guest is told. */
  readonly physicalAddressWidth: number
  /** Options of the kernel's configuration, by name with `CONFIG_`; what is not listed is set as in distributions. */
  readonly kconfig: Readonly<Record<string, boolean | number>>
  /**
   * Parameters of modules, as `kvm_intel.nested`; what is not listed has its default. Those of `host` overrule what is
   * derived of the kernel itself: `host.smt`, and flags as `host.null_seg`.
   */
  readonly params: Readonly<Record<string, number>>
  /** Features of the hardware that the kernel does not use, whatever the reason. */
  readonly cleared: ReadonlySet<Feature>
}

/** What of a host its dump does not tell. */
export interface HostOptions {
  readonly vendorModule?: VendorModule
  readonly kconfig?: Readonly<Record<string, boolean | number>>
  readonly params?: Readonly<Record<string, number>>
  readonly cleared?: Iterable<Feature>
}

/** A host that was read. */
export interface ReadHost {
  readonly kind: 'host'
  readonly host: Host
}

/** The width that a CPU without leaf 80000008H has. Source: SDM 3A §4.1.4 Enumeration of Paging Features by CPUID. */
const widthWithoutLeaf = 36

const defaultModules: Readonly<Record<string, VendorModule>> = {
  GenuineIntel: 'kvm_intel',
  CentaurHauls: 'kvm_intel',
  '  Shanghai  ': 'kvm_intel',
  AuthenticAMD: 'kvm_amd',
  HygonGenuine: 'kvm_amd',
}

/**
 * Reads a host from a dump of its CPUID: anything that {@link tableFrom} reads, with lines `MSR 0x10a: 0x…` (in JSON a
 * member `msrs`) for what its MSRs read. The vendor's module goes with the vendor. Anything else is refused, with a
 * sentence.
 */
export function hostFrom(dump: string | Uint8Array, options: HostOptions = {}): ReadHost | Refused {
  const table = tableFrom(dump)
  if (table.kind === 'refused') return table
  const cpuid = table.entries
  const vendorModule = options.vendorModule ?? defaultModules[vendorOf(cpuid)]
  if (vendorModule === undefined) {
    return refused(`no module of KVM is known to run on a CPU of vendor '${vendorOf(cpuid)}'; name it`)
  }
  const msrs = readMsrs(dump)
  if (msrs.kind === 'refused') return msrs
  return { kind: 'host', host: hostOf(cpuid, { ...options, vendorModule }, msrs.msrs) }
}

/** {@link hostFrom} for a dump that a program trusts. Throws {@link DumpError} where that refuses. */
export function readHost(dump: string | Uint8Array, options: HostOptions = {}): Host {
  const read = hostFrom(dump, options)
  if (read.kind === 'refused') throw new DumpError(read.says)
  return read.host
}

/** Puts a host together. */
export function hostOf(
  cpuid: CpuidTable,
  options: HostOptions & { readonly vendorModule: VendorModule },
  msrs: ReadonlyMap<number, bigint> = new Map(),
): Host {
  const { vendorModule, kconfig = {}, params = {}, cleared = [] } = options
  const physicalAddressWidth = (findEntry(cpuid, 0x8000_0008, 0)?.eax ?? widthWithoutLeaf) & 0xff
  return { cpuid, msrs, vendorModule, physicalAddressWidth, kconfig, params, cleared: new Set(cleared) }
}
