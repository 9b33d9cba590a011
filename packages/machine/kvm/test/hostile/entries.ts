import {
  check,
  type EntryReport,
  entryChecks,
  mutatedField,
  nestedVcpu,
  type SoundVmcs,
  soundVmcs,
  type VmcsField,
  type VmcsValues,
  vmcs12Layout,
  vmcs12Of,
  vmcsReader,
  witnessesOf,
  writeVmcs,
} from '@vmm/nested-vmx'
import { profileOf } from '@vmm/rule'
import { Chance } from './chance.ts'
import { L1, type Launched } from './l1.ts'

const kernel = '6.12.117'
const fields = Object.keys(vmcs12Layout) as VmcsField[]
const broken = entryChecks.flatMap(witnessesOf).map((one) => one.broken.values)
/** What no launch leaves there. */
const untouched = { reason: 0x1234n, error: 0x5678n } as const

/** A launch that came to something else than the checks say. */
export interface Surprise {
  readonly seed: number
  readonly launched: string
  readonly checks: string
}

/** What came of a list of launches: how often each verdict was given. */
export interface Launches {
  readonly verdicts: ReadonlyMap<string, number>
  readonly surprises: readonly Surprise[]
}

/** Launches guests by chance, each as its seed says, and compares what became of them with what the checks say. */
export function launchByChance(first: number, count: number): Launches {
  const verdicts = new Map<string, number>()
  const surprises: Surprise[] = []
  const hypervisors = { long: new L1(kernel, true), pae: new L1(kernel, false) }
  for (let seed = first; seed < first + count; seed++) {
    const { from, bytes } = hostileVmcs(new Chance(seed))
    const l1 = hypervisors[from === 'legacy' ? 'pae' : 'long']
    const expected = verdictOf(l1, bytes)
    const launched = whatCameOf(l1.launch(bytes))
    verdicts.set(expected, (verdicts.get(expected) ?? 0) + 1)
    if (!isAsExpected(expected, launched)) surprises.push({ seed, launched, checks: expected })
  }
  return { verdicts, surprises }
}

/** A sound VMCS or one that a check has for its witness, with fields changed; now and then nothing but noise. */
function hostileVmcs(chance: Chance): { readonly from: SoundVmcs; readonly bytes: Uint8Array } {
  const from = chance.among(Object.keys(soundVmcs) as [SoundVmcs, ...SoundVmcs[]])
  let values: VmcsValues = chance.oneIn(3) ? broken[chance.below(broken.length)]! : soundVmcs[from]
  const changes = chance.oneIn(8) ? fields.length : chance.below(6)
  for (let left = changes; left > 0; left--) {
    const [field, value] = mutatedField(values, (limit) => chance.below(limit), fields)
    values = { ...values, [field]: value }
  }
  const { reason, error } = untouched
  const bytes = vmcs12Of({})
  writeVmcs(bytes, { ...values, VM_EXIT_REASON: reason, VM_INSTRUCTION_ERROR: error })
  return { from, bytes }
}

/** What the rows say of an entry, to KVM by the width that L1 has turned on: KVM's controls and host state, the processor's, and the guest state of both. */
function verdictOf(l1: L1, vmcs: Uint8Array): string {
  const { processor, facts } = l1
  const linked = Number(vmcsReader(vmcs)('VMCS_LINK_POINTER'))
  const capabilities = { ...nestedVcpu('vmx', { ...l1.registers, linkedRevision: facts.memory(linked) }), ...processor }
  const verdicts = [
    check(vmcs, { ...capabilities, linearAddressWidth: 48 }, { as: 'kvm', kernel: profileOf(kernel) }),
    check(vmcs, capabilities, { as: 'processor', facts }),
  ]
  const reports = verdicts.flatMap((one) => (one.kind === 'fails' ? [one.reports] : []))
  const first = reports.find(({ kind }) => kind === 'vmfail') ?? reports[0]
  return first === undefined ? 'enters' : told(first)
}

const told = (report: EntryReport): string =>
  report.kind === 'vmfail' ? `error ${report.error}` : `exit ${report.reason} (${report.qualification})`

function whatCameOf({ inL2, vmcs }: Launched): string {
  const read = vmcsReader(vmcs)
  const [reason, error] = [read('VM_EXIT_REASON'), read('VM_INSTRUCTION_ERROR')]
  if (error !== untouched.error) return `error ${error}`
  if (inL2 || reason === untouched.reason || (reason & failed) === 0n) return 'enters'
  return `exit ${reason & 0xffffn} (${read('EXIT_QUALIFICATION')})`
}

const failed = 0x8000_0000n

/** Page pointers and MSRs to load are in memory, and no row is about what is in them. */
function isAsExpected(expected: string, launched: string): boolean {
  return expected === launched || (expected === 'enters' && /^exit (?:33 \(2\)|34 )/.test(launched))
}
