import type { FeatureOf } from './leaf.ts'
import { leaf0D, leaf0DComponent, leaf0DSub1 } from './leaf-0d.rows.ts'
import { leaf07, leaf07Sub1, leaf07Sub2 } from './leaf-07.rows.ts'
import {
  leaf8000000A,
  leaf8000001A,
  leaf8000001B,
  leaf8000001C,
  leaf8000001F,
  leaf80000019,
  leaf80000020,
  leaf80000021,
} from './leaf-amd.rows.ts'
import { leaf00, leaf01, leaf02, leaf03 } from './leaf-basic.rows.ts'
import { leaf04, leaf8000001D } from './leaf-cache.rows.ts'
import {
  leaf80000000,
  leaf80000001,
  leaf80000002,
  leaf80000003,
  leaf80000004,
  leaf80000005,
  leaf80000006,
  leaf80000007,
  leaf80000008,
} from './leaf-extended.rows.ts'
import { leaf15, leaf16 } from './leaf-frequency.rows.ts'
import { leaf40000000, leaf40000001, leaf40000010 } from './leaf-kvm.rows.ts'
import { leaf1D, leaf1DPalette, leaf1E, leaf1ESub1, leaf24 } from './leaf-matrix.rows.ts'
import { leaf0A, leaf0F, leaf0FSub1, leaf09, leaf10 } from './leaf-perfmon.rows.ts'
import { leaf05, leaf06 } from './leaf-power.rows.ts'
import { leaf0B, leaf1A, leaf1F, leaf8000001E } from './leaf-topology.rows.ts'
import { leaf14, leaf14Sub1 } from './leaf-trace.rows.ts'
import { leaf18 } from './leaf-translation.rows.ts'
import { leaf12, leaf12Epc, leaf12Sub1, leaf19 } from './leaf-trusted.rows.ts'

/** Every leaf the house knows, once, by number. Types, masks, lookups and tests derive from this list. */
export const leaves = [
  leaf00,
  leaf01,
  leaf02,
  leaf03,
  leaf04,
  leaf05,
  leaf06,
  leaf07,
  leaf07Sub1,
  leaf07Sub2,
  leaf09,
  leaf0A,
  leaf0B,
  leaf0D,
  leaf0DSub1,
  leaf0DComponent,
  leaf0F,
  leaf0FSub1,
  leaf10,
  leaf12,
  leaf12Sub1,
  leaf12Epc,
  leaf14,
  leaf14Sub1,
  leaf15,
  leaf16,
  leaf18,
  leaf19,
  leaf1A,
  leaf1D,
  leaf1DPalette,
  leaf1E,
  leaf1ESub1,
  leaf1F,
  leaf24,
  leaf40000000,
  leaf40000001,
  leaf40000010,
  leaf80000000,
  leaf80000001,
  leaf80000002,
  leaf80000003,
  leaf80000004,
  leaf80000005,
  leaf80000006,
  leaf80000007,
  leaf80000008,
  leaf8000000A,
  leaf80000019,
  leaf8000001A,
  leaf8000001B,
  leaf8000001C,
  leaf8000001D,
  leaf8000001E,
  leaf8000001F,
  leaf80000020,
  leaf80000021,
] as const

/** A feature is the name of a one-bit CPUID field, in the manual's spelling: `'BMI2'`, `'KVM_FEATURE_CLOCKSOURCE2'`. */
export type Feature = FeatureOf<(typeof leaves)[number]>
