import { definedMask, type Fields } from '@vmm/bits'
import * as controls from '../vmcs/controls.rows.ts'
import type { VmcsValues } from '../vmcs/vmcs-layout.ts'
import {
  entryControls,
  exitControls,
  pinControls,
  primaryControls,
  secondaryControls,
  tertiaryControls,
} from '../vmcs12/controls.ts'
import { vmcs12Revision } from '../vmcs12/vmcs12.ts'
import { offeredVmxMsrs } from '../vmcs12/vmx-limits.ts'
import type { EntryFacts, EntryProcessor } from './entry-processor.ts'

/** A VMCS that every check passes: by the mode of its guest. The host has 64 bits, but of the legacy one. */
export type SoundVmcs = 'long' | 'legacy' | 'pae' | 'real' | 'virtual-8086'

const least = { pin: 0x16n, primary: 0x0400_6172n, exit: 0x3_6dfbn, entry: 0x11fbn } as const
const flat = { limit: 0xffff_ffffn, code64: 0xa09bn, code32: 0xc09bn, data: 0xc093n } as const
const unusable = 0x1_0000n
const none = 0xffff_ffff_ffff_ffffn

/** Names of controls to set beside those that must be. */
export interface ControlNames {
  readonly pin?: readonly (keyof typeof pinControls)[]
  readonly primary?: readonly (keyof typeof primaryControls)[]
  readonly secondary?: readonly (keyof typeof secondaryControls)[]
  readonly tertiary?: readonly (keyof typeof tertiaryControls)[]
  readonly exit?: readonly (keyof typeof exitControls)[]
  readonly entry?: readonly (keyof typeof entryControls)[]
}

/** Fields of controls with those set that must be, and these. Secondary and tertiary ones count where there are any. */
export function controlsOf({ pin, primary, secondary, tertiary, exit, entry }: ControlNames): VmcsValues {
  const activated =
    (secondary === undefined ? 0n : primaryControls.SECONDARY_CONTROLS) |
    (tertiary === undefined ? 0n : primaryControls.TERTIARY_CONTROLS)
  return {
    PIN_BASED_VM_EXEC_CONTROL: least.pin | masked(pinControls, pin),
    CPU_BASED_VM_EXEC_CONTROL: least.primary | activated | masked(primaryControls, primary),
    SECONDARY_VM_EXEC_CONTROL: masked(secondaryControls, secondary),
    TERTIARY_VM_EXEC_CONTROL: masked(tertiaryControls, tertiary),
    VM_EXIT_CONTROLS: least.exit | masked(exitControls, exit),
    VM_ENTRY_CONTROLS: least.entry | masked(entryControls, entry),
  }
}

function masked<Name extends string>(masks: Readonly<Record<Name, bigint>>, names: readonly Name[] = []): bigint {
  return names.reduce((mask, name) => mask | masks[name], 0n)
}

/** The same for a host and a guest with 64 bits. */
export function longControls(names: ControlNames): VmcsValues {
  const exit = [...(names.exit ?? []), 'HOST_64_BIT'] as const
  return controlsOf({ ...names, exit, entry: [...(names.entry ?? []), 'IA32E_MODE'] })
}

/** The same for a host with 64 bits, and a guest without. */
export function mixedControls(names: ControlNames): VmcsValues {
  return controlsOf({ ...names, exit: [...(names.exit ?? []), 'HOST_64_BIT'] })
}

const host: VmcsValues = {
  HOST_CR0: 0x8001_0033n,
  HOST_CR3: 0x1000n,
  HOST_CR4: 0x2020n,
  HOST_CS_SELECTOR: 0x08n,
  HOST_SS_SELECTOR: 0x10n,
  HOST_TR_SELECTOR: 0x18n,
  HOST_RIP: 0x10_0000n,
}

const segmentNames = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const

/** The same base, limit and rights for some segments. */
function segments(base: bigint, limit: bigint, rights: bigint): VmcsValues {
  const values = segmentNames.flatMap((name) => [
    [`GUEST_${name}_BASE`, base],
    [`GUEST_${name}_LIMIT`, limit],
    [`GUEST_${name}_AR_BYTES`, rights],
  ])
  return Object.fromEntries(values) as VmcsValues
}

const guest: VmcsValues = {
  GUEST_CR0: 0x8001_0033n,
  GUEST_CR3: 0x2000n,
  GUEST_CR4: 0x2020n,
  GUEST_DR7: 0x400n,
  GUEST_RFLAGS: 2n,
  GUEST_RIP: 0x20_0000n,
  ...segments(0n, flat.limit, flat.data),
  GUEST_CS_SELECTOR: 0x08n,
  GUEST_CS_AR_BYTES: flat.code64,
  GUEST_TR_SELECTOR: 0x18n,
  GUEST_TR_LIMIT: 0x67n,
  GUEST_TR_AR_BYTES: 0x8bn,
  GUEST_LDTR_AR_BYTES: unusable,
  VMCS_LINK_POINTER: none,
  EPT_POINTER: 0x101en,
}

const unrestricted: VmcsValues = mixedControls({ secondary: ['EPT', 'UNRESTRICTED_GUEST'] })

/** Sound VMCSs. */
export const soundVmcs: Readonly<Record<SoundVmcs, VmcsValues>> = {
  long: { ...longControls({}), ...host, ...guest },
  legacy: { ...controlsOf({}), ...host, ...guest, GUEST_CR4: 0x2000n, GUEST_CS_AR_BYTES: flat.code32 },
  pae: { ...mixedControls({}), ...host, ...guest, GUEST_CS_AR_BYTES: flat.code32 },
  real: {
    ...unrestricted,
    ...host,
    ...guest,
    GUEST_CR0: 0x30n,
    GUEST_CR4: 0x2000n,
    GUEST_CS_AR_BYTES: 0x9bn,
    GUEST_CS_LIMIT: 0xffffn,
  },
  'virtual-8086': {
    ...mixedControls({}),
    ...host,
    ...guest,
    GUEST_CR4: 0x2000n,
    GUEST_RFLAGS: 0x2_0002n,
    GUEST_RIP: 0x100n,
    ...segments(0n, 0xffffn, 0xf3n),
    GUEST_CS_BASE: 0x80n,
  },
}

const defaults = { pin: 0x16n, primary: 0x0401_e172n, exit: 0x3_6dffn, entry: 0x11ffn } as const

/** What allows every control that the manual has. */
function allOf(rows: Fields, must: bigint, ones: bigint): bigint {
  return ((definedMask(rows) | ones) << 32n) | must
}

const shadowStacks = 1n << 23n
const fiveLevels = 1n << 7n

/** A processor that has all that the manual has: for witnesses, and for who wants every check to count. */
export const wholeProcessor: EntryProcessor = {
  physicalAddressWidth: 46,
  linearAddressWidth: 48,
  vmx: {
    ...offeredVmxMsrs,
    IA32_VMX_BASIC: BigInt(vmcs12Revision),
    IA32_VMX_MISC: 0x6004_01e5n,
    IA32_VMX_CR4_FIXED1: 0x1ff7_ffffn,
    IA32_VMX_PROCBASED_CTLS2: allOf(controls.secondaryBased, 0n, 0n),
    IA32_VMX_EPT_VPID_CAP: offeredVmxMsrs.IA32_VMX_EPT_VPID_CAP | shadowStacks | fiveLevels,
    IA32_VMX_TRUE_PINBASED_CTLS: allOf(controls.pinBased, least.pin, defaults.pin),
    IA32_VMX_TRUE_PROCBASED_CTLS: allOf(controls.primaryBased, least.primary, defaults.primary),
    IA32_VMX_TRUE_EXIT_CTLS: allOf(controls.exitPrimary, least.exit, defaults.exit),
    IA32_VMX_TRUE_ENTRY_CTLS: allOf(controls.entryPrimary, least.entry, defaults.entry),
    IA32_VMX_PROCBASED_CTLS3: definedMask(controls.tertiaryBased),
    IA32_VMX_EXIT_CTLS2: definedMask(controls.exitSecondary),
  },
  allowedEfer: 0xd01n,
  allowedDebugctl: 0xdfc7n,
  allowedPerfGlobalCtrl: 0x7_0000_00ffn,
  allowedRtitCtl: 0x7fn,
  allowedLbrCtl: 0x7f_000fn,
  allowedPendingDebug: 0x1_0800n,
  allowedInterruptibility: 0x10n,
}

/** Where no memory is: an entry by who has 64 bits, outside SMM. */
export const plainFacts: EntryFacts = {
  longMode: true,
  inSmm: false,
  currentVmcs: 0x9000,
  memory: () => undefined,
}

/** What is around an entry of a sound VMCS. */
export function soundFacts(from: SoundVmcs): EntryFacts {
  return { ...plainFacts, longMode: from !== 'legacy' }
}
