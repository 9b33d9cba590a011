import { type Bit, maskOf } from '@vmm/bits'
import {
  entryPrimary,
  exitPrimary,
  exitSecondary,
  pinBased,
  primaryBased,
  secondaryBased,
  tertiaryBased,
} from '../vmcs/controls.rows.ts'

/** Controls of one field, as masks. */
export type ControlMasks<Rows> = { readonly [Name in keyof Rows]: bigint }

/** Pin-based controls, as masks. Source: SDM 3C 25.6.1. */
export const pinControls: ControlMasks<typeof pinBased> = masksOf(pinBased)
/** Primary processor-based controls, as masks. Source: SDM 3C 25.6.2. */
export const primaryControls: ControlMasks<typeof primaryBased> = masksOf(primaryBased)
/** Secondary processor-based controls, as masks. Source: SDM 3C 25.6.2. */
export const secondaryControls: ControlMasks<typeof secondaryBased> = masksOf(secondaryBased)
/** Tertiary processor-based controls, as masks. Source: SDM 3C 25.6.2. */
export const tertiaryControls: ControlMasks<typeof tertiaryBased> = masksOf(tertiaryBased)
/** Primary controls of exits, as masks. Source: SDM 3C 25.7.1. */
export const exitControls: ControlMasks<typeof exitPrimary> = masksOf(exitPrimary)
/** Secondary controls of exits, as masks. Source: SDM 3C 25.7.1. */
export const secondaryExitControls: ControlMasks<typeof exitSecondary> = masksOf(exitSecondary)
/** Controls of entries, as masks. Source: SDM 3C 25.8.1. */
export const entryControls: ControlMasks<typeof entryPrimary> = masksOf(entryPrimary)

function masksOf<Rows extends Readonly<Record<string, Bit>>>(rows: Rows): ControlMasks<Rows> {
  const masks = Object.entries(rows).map(([name, row]) => [name, maskOf(row)])
  return Object.fromEntries(masks) as ControlMasks<Rows>
}
