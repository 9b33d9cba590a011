import {
  type EntryCheckId,
  type EntryReport,
  entryChecks,
  entryControls,
  exitControls,
  type NamedEntryCheck,
  soundVmcs,
  type VmcsField,
  type VmcsValues,
} from '@vmm/nested-vmx'
import type { Kernel } from '../kernel/kernel.ts'
import { type Controls, controlFields } from '../vmx/hypervisor.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'

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

/** Witnesses that a hypervisor of ours can have: of a 64-bit guest and host, on a processor that lacks nothing. */
function played({ id, witness }: NamedEntryCheck): readonly VmcsValues[] {
  const { from = 'long', processor, facts, breaks } = witness
  if (untold.has(id) || from !== 'long' || (processor ?? facts) !== undefined) return []
  const { HOST_64_BIT } = exitControls
  const { IA32E_MODE } = entryControls
  const isWide = ({ VM_EXIT_CONTROLS: exit = HOST_64_BIT, VM_ENTRY_CONTROLS: entry = IA32E_MODE }: VmcsValues) =>
    (exit & HOST_64_BIT) !== 0n && (entry & IA32E_MODE) !== 0n
  return breaks.map(([broken]) => broken).filter(isWide)
}

function shown(reports: EntryReport): string {
  return reports.kind === 'vmfail' ? `bad ${reports.error}` : `80000021 ${reports.qualification}`
}

interface Witness {
  readonly name: string
  readonly check: NamedEntryCheck
  readonly scene: Scene
}

/** What is tried, in the order of the rows. */
const witnesses = (): readonly Witness[] =>
  entryChecks.flatMap((check) =>
    played(check).map((broken, nth) => ({ name: `${check.id} ${nth}`, check, scene: sceneOf(check.id, broken) })),
  )

/** Names of those that want a control which capability MSRs do not offer. */
export function unofferedWitnesses(msrs: ReadonlyMap<number, bigint>): readonly string[] {
  const isOffered = ([group, bits]: [string, bigint | undefined]): boolean =>
    ((bits ?? 0n) & ~((msrs.get(controlFields[group as keyof Controls][1]) ?? 0n) >> 32n)) === 0n
  return witnesses()
    .filter(({ scene }) => !Object.entries(scene.controls ?? {}).every(isOffered))
    .map(({ name }) => name)
}

/** What the rows of `@vmm/nested-vmx` say that fails, in the VMCS of a hypervisor of ours. */
export function vmxWitnesses(): Kernel {
  const k = new VmxKernelBuilder('vmxWitnesses')
  for (const { name, check, scene } of witnesses()) k.check(name, shown(check.reports), scene)
  return { ...k.kernel.finish(), narrow: true }
}
