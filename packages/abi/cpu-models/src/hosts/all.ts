import type { NamedHost } from '../host-row.ts'
import { cascadeLake } from './cascade-lake.rows.ts'
import { genoa } from './genoa.rows.ts'
import { haswell } from './haswell.rows.ts'
import { iceLake } from './ice-lake.rows.ts'
import { milan } from './milan.rows.ts'
import { naples } from './naples.rows.ts'
import { sapphireRapids } from './sapphire-rapids.rows.ts'
import { skylakeSp } from './skylake-sp.rows.ts'
import { westmere } from './westmere.rows.ts'

/** Every host, the oldest first, Intel's before AMD's. */
export const namedHosts = [
  westmere,
  haswell,
  skylakeSp,
  cascadeLake,
  iceLake,
  sapphireRapids,
  naples,
  milan,
  genoa,
] as const satisfies readonly NamedHost[]
