import type { KnownAnswers } from './engine-port.ts'
import type { Observer } from './observer.ts'
import type { Tally } from './tally.ts'

/** What the engine did not ask would have brought the guest to KVM all the same. */
export function countUnasked(known: KnownAnswers, tally: Tally, observer: Observer | undefined): void {
  const { cpuid, ports, accesses, apic } = known
  const identified = cpuid.takeAnswered()
  const moved = ports.takeAccesses()
  const accessed = apic.takeAccesses()
  tally.emulated += accesses.takeRepeated() + accessed
  tally.others += identified
  tally.io += moved
  if (identified > 0) observer?.unasked('CPUID', identified)
  if (moved > 0) observer?.unasked('IO_INSTRUCTION', moved)
  if (accessed > 0) observer?.unasked('EPT_MISCONFIG', accessed)
}
