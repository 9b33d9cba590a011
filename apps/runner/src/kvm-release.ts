import { type BuiltTable, buildTable, type Host, hostOf } from '@vmm/cpuid'
import type { KvmMsrEntry } from '@vmm/kvm-uapi'
import { executedVmxMsrs, type VmxCapability } from '@vmm/nested-vmx'
import { type Profile, readProfile } from '@vmm/rule'
import { physicalAddressWidth, tscHz } from './hardware.ts'
import { suggestion } from './nearest.ts'
import { shown } from './printable.ts'
import { allPromises } from './tell/all-promises.ts'
import { UsageError } from './usage-error.ts'

const archCapabilities = 0x10a
/** IA32_ARCH_CAPABILITIES of a processor without any of the flaws that it has a bit for. */
const soundProcessor = 0x4000_0000_0d10_e17bn

/** The release whose promises are kept where none is named. */
const usualRelease = '6.12.117'

/**
 * The release, with proposals over it, that `--kvm RELEASE` asks for.
 * @throws {UsageError} if nobody has listed the release.
 */
export function releaseNamed(text: string = usualRelease): Profile {
  return profileNamed('--kvm', text)
}

/**
 * The release, with proposals over it, that a text names.
 * @throws {UsageError} if nobody has listed it, or made such a proposal.
 */
export function profileNamed(flag: string, text: string): Profile {
  const read = readProfile(text)
  if (read.kind === 'bad-version') throw new UsageError(`${flag}: ${read.says}`)
  const { profile } = read
  const made = proposalsMade()
  const unmade = profile.proposals.find((name) => !made.includes(name))
  if (unmade !== undefined)
    throw new UsageError(`${flag}: nobody has proposed ${shown(unmade)}${suggestion(unmade, made)}`)
  return profile
}

function proposalsMade(): readonly string[] {
  const names = allPromises.flatMap(({ lifetimes }) =>
    lifetimes.map((each) => ('proposal' in each ? each.proposal : '')),
  )
  return [...new Set(names)].filter((name) => name !== '')
}

/**
 * The machine that the release seems to run on: a processor that can do whatever ours can, virtualized by VMX. It has all
 * that a distribution's kernel is built with.
 */
export function softwareHost(kernel: Profile): Host {
  const everything = wholeTable()
  const vmx = executedVmxMsrs({ has: (feature) => everything.features.has(feature) }, { kernel })
  return hostOf(
    everything.entries,
    { vendorModule: 'kvm_intel' },
    new Map([[archCapabilities, soundProcessor], ...vmx]),
  )
}

/** The capability MSRs of VMX that say something else where it lacks something, as KVM_SET_MSRS takes them. */
export function vmxMsrsWithout(lacks: readonly VmxCapability[], kernel: Profile): readonly KvmMsrEntry[] {
  if (lacks.length === 0) return []
  const { features } = wholeTable()
  const told = (without: readonly VmxCapability[]) =>
    executedVmxMsrs({ has: (feature) => features.has(feature) }, { without, kernel })
  const whole = told([])
  return [...told(lacks)]
    .filter(([index, value]) => value !== whole.get(index) && !followingOthers.has(index))
    .map(([index, data]) => ({ index, data }))
}

/** Controls that are told without TRUE follow those that are told with it. Source: arch/x86/kvm/vmx/nested.c vmx_set_vmx_msr (Linux 6.12). */
const followingOthers: ReadonlySet<number> = new Set([0x481, 0x482, 0x483, 0x484])

function wholeTable(): BuiltTable {
  const everything = buildTable({ model: 'max', tscKhz: tscHz / 1000, crystalHz: tscHz, physicalAddressWidth })
  if (everything.kind === 'refused') throw new Error(everything.says)
  return everything
}
