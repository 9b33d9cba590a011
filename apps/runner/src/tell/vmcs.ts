import {
  check,
  type EntryReport,
  type FailedCheck,
  nestedVcpu,
  vmcs12Revision,
  vmcsRegionBytes,
  vmInstructionErrorOf,
  wholeProcessor,
} from '@vmm/nested-vmx'
import { tellProfile } from '@vmm/rule'
import { type Room, readInput } from '../named-file.ts'
import { shown } from '../printable.ts'
import { UsageError } from '../usage-error.ts'
import { profileAsked } from './asked.ts'
import { flagsOf, type Told } from './told.ts'

const wrong = 1
/** Of `struct kvm_nested_state`, in front of the VMCS. */
const headerBytes = 128
/** More than any nested state has. */
const room: Room = { bytes: 1 << 20, says: (most) => `no nested state has more than ${most}` }

/** `vmm vmcs`: whether an entry with a VMCS succeeds, by a processor or by KVM of a release, and every sentence that does not hold. */
export function vmcs(args: readonly string[]): Told {
  const { values, positionals } = flagsOf('vmcs', args, { kvm: { type: 'string' } } as const)
  const [path, surplus] = positionals
  if (path === undefined || surplus !== undefined) throw new UsageError('vmm vmcs: expected one file with a VMCS')
  const kernel = values.kvm === undefined ? undefined : profileAsked('--kvm', values.kvm)
  const region = regionIn(path)
  const capabilities = { ...nestedVcpu('vmx'), ...wholeProcessor }
  const verdict = check(region, capabilities, kernel === undefined ? { as: 'processor' } : { as: 'kvm', kernel })
  const who = kernel === undefined ? 'a processor' : `KVM of ${tellProfile(kernel)}`
  const unread = verdict.unread.map((failed) => `? ${toldOf(failed)}`)
  if (verdict.kind === 'enters') return { text: `${[`${who} enters it`, ...unread].join('\n')}\n`, status: 0 }
  const lines = [`${who} does not enter it: ${reported(verdict.reports)}`, ...verdict.failed.map(toldOf), ...unread]
  return { text: `${lines.join('\n')}\n`, status: wrong }
}

const toldOf = ({ id, says }: FailedCheck): string => `${id}: ${says}`

/** What software sees of an entry that fails. */
function reported(report: EntryReport): string {
  if (report.kind === 'vmfail') return `VMfail ${report.error}, ${vmInstructionErrorOf(report.error)?.says}`
  return `exit reason ${report.reason}, qualification ${report.qualification}`
}

/**
 * The VMCS in a file: as KVM lays one out, alone or behind the header of a nested state.
 * @throws {UsageError} if it has none.
 */
function regionIn(path: string): Uint8Array {
  const bytes = readInput(path, 'VMCS', room)
  const at = [0, headerBytes].find((offset) => revisionAt(bytes, offset) === vmcs12Revision)
  if (at === undefined)
    throw new UsageError(
      `VMCS ${shown(path)}: has ${bytes.length} bytes; expected ${vmcsRegionBytes} that begin with 0x${vmcs12Revision.toString(16)}, or ${headerBytes} of struct kvm_nested_state and then those`,
    )
  return bytes.slice(at, at + vmcsRegionBytes)
}

function revisionAt(bytes: Uint8Array, offset: number): number | undefined {
  if (bytes.length < offset + vmcsRegionBytes) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset + offset).getUint32(0, true)
}
