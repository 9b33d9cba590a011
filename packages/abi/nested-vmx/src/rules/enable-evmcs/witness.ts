import type { EnableEvmcs } from './call.ts'

/** The call as it is done. */
export function anEnable(changes: Partial<EnableEvmcs> = {}): EnableEvmcs {
  return { supported: true, hasVmx: true, writable: true, enabled: false, version: 0, ...changes }
}
