import {
  type EntryCheckId,
  type EntryReport,
  type EntryWitness,
  entryChecks,
  entryControls,
  exitControls,
  type NamedEntryCheck,
  pinControls,
  soundVmcs,
  type VmcsField,
  type VmcsValues,
} from '@vmm/nested-vmx'
import type { Kernel } from '../kernel/kernel.ts'
import { type Controls, controlFields } from '../vmx/hypervisor.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'

/** The release of KVM that lets hypervisors in guests load the state of CET. */
const release = '6.18'

const groups: Readonly<Partial<Record<VmcsField, keyof Controls>>> = {
  PIN_BASED_VM_EXEC_CONTROL: 'pin',
  CPU_BASED_VM_EXEC_CONTROL: 'primary',
  SECONDARY_VM_EXEC_CONTROL: 'secondary',
  VM_EXIT_CONTROLS: 'exit',
  VM_ENTRY_CONTROLS: 'entry',
}

/** What a scene has of its own, or what nobody comes back from who does not make the check. */
const untold: ReadonlySet<EntryCheckId> = new Set(['vpid-zero', 'host-cet-without-wp', 'pending-step'])

/** A broken VMCS as a scene: controls beside those that must be set, and other fields as they are. */
function sceneOf(id: EntryCheckId, broken: VmcsValues): Scene {
  const entries = (Object.entries(broken) as [VmcsField, bigint][]).filter(
    ([name]) => name !== 'TERTIARY_VM_EXEC_CONTROL',
  )
  const sound = (name: VmcsField): bigint => soundVmcs.long[name] ?? 0n
  const isControl = ([name, value]: readonly [VmcsField, bigint]): boolean =>
    !id.endsWith('-controls') && groups[name] !== undefined && (value & sound(name)) === sound(name)
  const controls = entries.filter(isControl).map(([name, value]) => [groups[name], value & ~sound(name)])
  return { controls: Object.fromEntries(controls) as Controls, fields: entries.filter((each) => !isControl(each)) }
}

/** Both sides of witnesses that a hypervisor of ours can have: of a 64-bit guest and host, on a processor that lacks nothing. */
function played({ id, witness }: NamedEntryCheck): EntryWitness['breaks'] {
  const { from = 'long', processor, facts, breaks } = witness
  if (untold.has(id) || from !== 'long' || (processor ?? facts) !== undefined) return []
  const { HOST_64_BIT } = exitControls
  const { IA32E_MODE } = entryControls
  const isWide = ({ VM_EXIT_CONTROLS: exit = HOST_64_BIT, VM_ENTRY_CONTROLS: entry = IA32E_MODE }: VmcsValues) =>
    (exit & HOST_64_BIT) !== 0n && (entry & IA32E_MODE) !== 0n
  return breaks.filter(([broken]) => isWide(broken))
}

function shown(reports: EntryReport): string {
  return reports.kind === 'vmfail' ? `bad ${reports.error}` : `80000021 ${reports.qualification}`
}

interface Witness {
  readonly name: string
  readonly check: NamedEntryCheck
  /** The side that fails. */
  readonly scene: Scene
  /** Fields of the nearest that may be. */
  readonly mended: VmcsValues
}

/** What is tried, in the order of the rows. */
const witnesses = (): readonly Witness[] =>
  entryChecks.flatMap((check) =>
    played(check).map(([broken, mended], nth) => ({
      ...{ name: `${check.id} ${nth}`, check, scene: sceneOf(check.id, broken) },
      mended: { ...broken, ...mended },
    })),
  )

/** What the rows of `@vmm/nested-vmx` say that fails, in the VMCS of a hypervisor of ours. */
export function vmxWitnesses(): Kernel {
  const k = new VmxKernelBuilder('vmxWitnesses')
  for (const { name, check, scene } of witnesses()) k.check(name, shown(check.reports), scene)
  return { ...k.kernel.finish(), narrow: true, release }
}

/**
 * What may be where a processor has more than ours and Bochs': shadow stacks, debug controls, wide addresses, activity
 * states, enclaves, transactions.
 */
const ofMore: ReadonlySet<EntryCheckId> = new Set([
  ...(['inject-code-of-vector', 'guest-cet-without-wp', 'guest-debugctl'] as const),
  ...(['guest-cr3', 'activity-injection', 'ssp-width'] as const),
  ...(['blocking-reserved', 'blocking-enclave', 'pending-transaction'] as const),
])

/** No exit would come back to what a host is made of there, lists of MSRs would be wherever they say, and whole controls lack what must be set. */
const isPlayable = ({ check, mended }: Witness): boolean =>
  !ofMore.has(check.id) &&
  !/-(list|controls)$/.test(check.id) &&
  !Object.keys(mended).some((name) => name.startsWith('HOST_'))

/** Bit 31 of the exit reason, to AND with. */
const entryFailed = -0x8000_0000

/** The nearest that may be, to be entered and left at once, for whatever comes first. */
function mendedScenes(): readonly { readonly name: string; readonly scene: Scene }[] {
  return witnesses()
    .filter(isPlayable)
    .map(({ name, check, mended }) => {
      const { controls = {}, fields = [] } = sceneOf(check.id, mended)
      const pin = (controls.pin ?? 0n) | pinControls.PREEMPTION_TIMER
      const show = { show: [], only: { VM_EXIT_REASON: entryFailed } }
      return { name, scene: { controls: { ...controls, pin }, fields, ...show } }
    })
}

/** VMCSs that pass every check, nearest to those of `vmxWitnesses`. */
export function vmxNearest(): Kernel {
  const k = new VmxKernelBuilder('vmxNearest')
  for (const { name, scene } of mendedScenes()) k.check(name, '0', scene)
  return { ...k.kernel.finish(), narrow: true, release }
}

/** Checks of both that want a control which capability MSRs do not offer, by kernel. */
export function unofferedWitnesses(
  msrs: ReadonlyMap<number, bigint>,
): Readonly<Record<'vmxWitnesses' | 'vmxNearest', readonly string[]>> {
  const isOffered = ([group, bits]: [string, bigint | undefined]): boolean =>
    ((bits ?? 0n) & ~((msrs.get(controlFields[group as keyof Controls][1]) ?? 0n) >> 32n)) === 0n
  const namesOf = (all: readonly { readonly name: string; readonly scene: Scene }[]) =>
    all.filter(({ scene }) => !Object.entries(scene.controls ?? {}).every(isOffered)).map(({ name }) => name)
  return { vmxWitnesses: namesOf(witnesses()), vmxNearest: namesOf(mendedScenes()) }
}
