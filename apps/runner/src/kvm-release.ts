import { buildTable, type Host, hostOf } from '@vmm/cpuid'
import { type Profile, readProfile } from '@vmm/rule'
import { physicalAddressWidth, tscHz } from './processor.ts'
import { UsageError } from './usage-error.ts'

/** The release whose promises are kept where none is named. */
export const usualRelease = '6.12.117'

/**
 * The release, with proposals over it, that `--kvm RELEASE` asks for.
 * @throws {UsageError} if nobody has listed the release.
 */
export function releaseNamed(text: string = usualRelease): Profile {
  const read = readProfile(text)
  if (read.kind === 'bad-version') throw new UsageError(`--kvm: ${read.says}`)
  return read.profile
}

/**
 * The machine that the release seems to run on: a processor that can do whatever ours can, virtualized by VMX. It has all
 * that a distribution's kernel is built with.
 */
export function softwareHost(): Host {
  const everything = buildTable({ model: 'max', tscKhz: tscHz / 1000, crystalHz: tscHz, physicalAddressWidth })
  if (everything.kind === 'refused') throw new Error(everything.says)
  return hostOf(everything.entries, { vendorModule: 'kvm_intel' })
}
