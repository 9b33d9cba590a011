import { bytesAt, exitNumbers, hasSecondaryControl, secondaryBit, type VmxState } from '@vmm/nested-vmx'
import type { Engine } from '../engine-port.ts'
import type { L2Exit } from './l2-exit.ts'

const violation = exitNumbers.EPT_VIOLATION
/** CR0.PE; of an entry of extended page tables, that its violations are exits. */
const [PE, suppressed] = [1n, 1n << 63n] as const
/** The information area. Source: SDM 3C 26.5.7.2, Table 26-1. */
const place = { reason: 0, busy: 4, qualification: 8, linear: 16, physical: 24, index: 32, bytes: 34 } as const
const busy = 0xffff_ffff

/**
 * An EPT violation for an instruction of L2 becomes a virtualization exception where L1 wants it and L2 has taken the last one: then
 * the information area tells of it. False: it is an exit.
 *
 * Source: SDM 3C 26.5.7.1 Convertible EPT Violations.
 */
export function becomesException({ vmcs }: VmxState, engine: Engine, exit: L2Exit): boolean {
  if (exit.reason !== violation || !hasSecondaryControl(vmcs, secondaryBit.EPT_VIOLATION_VE)) return false
  if ((engine.get('EPT_ENTRY') & suppressed) !== 0n || (engine.get('CR0') & PE) === 0n) return false
  const area = vmcs.read('VE_INFORMATION_ADDRESS')
  const found = bytesAt(engine, area, place.bytes)
  if (found === undefined) return false
  const told = found.slice()
  const view = new DataView(told.buffer)
  if (view.getUint32(place.busy, true) !== 0) return false
  view.setUint32(place.reason, violation, true)
  view.setUint32(place.busy, busy, true)
  view.setBigUint64(place.qualification, exit.qualification ?? 0n, true)
  view.setBigUint64(place.linear, exit.linear ?? 0n, true)
  view.setBigUint64(place.physical, exit.physical ?? 0n, true)
  view.setUint16(place.index, vmcs.word('EPTP_INDEX'), true)
  engine.writePhysical(Number(area), told)
  return true
}
