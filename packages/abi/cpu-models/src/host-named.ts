import type { Host, Refused } from '@vmm/cpuid'
import type { NamedHost } from './host-row.ts'
import { namedHosts } from './hosts/all.ts'

/** A host that was found by its name. */
export interface FoundHost {
  readonly kind: 'host'
  readonly row: NamedHost
  readonly host: Host
}

/** The host of this name or alias, in any case (`'spr'`, `'Sapphire-Rapids'`); otherwise a refusal that lists them. */
export function hostNamed(name: string): FoundHost | Refused {
  const asked = name.trim().toLowerCase().replaceAll(/[ _]/g, '-')
  const row = namedHosts.find((host: NamedHost) => host.name === asked || host.aliases.includes(asked))
  if (row !== undefined) return { kind: 'host', row, host: row.host }
  const known = namedHosts.map((host: NamedHost) => host.name)
  return { kind: 'refused', says: `unknown host '${name}'; known are ${known.join(', ')}` }
}
