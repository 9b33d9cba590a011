import type { RunOptions, Vcpu, VcpuExit } from '@vmm/vcpu'
import type { VmClock } from '../time/vm-clock.ts'
import type { JoinedApic } from './joined-apic.ts'
import type { VmInterrupts } from './vm-interrupts.ts'

/** A vCPU among the timers of its VM. */
export interface AmongTimers {
  readonly vcpu: Vcpu
  readonly joined: JoinedApic
  readonly interrupts: VmInterrupts
  readonly clock: VmClock
  /** Whether a signal has come since KVM_RUN began. */
  readonly signalled: () => boolean
  /** Whether another vCPU has instructions to execute: then it is for user space to run that one. */
  readonly othersRun: () => boolean
}

/** Who sleeps through so many timers that each wake nobody is not left alone with them any longer: a signal comes. */
const vainWakeups = 1000

/**
 * Runs a vCPU whose local APIC is in the kernel: timers fire when they are due, and a processor that halts waits here.
 * Source: arch/x86/kvm/x86.c vcpu_run (Linux 6.12).
 */
export function runAmongTimers(among: AmongTimers, { budget, ...options }: RunOptions): VcpuExit {
  const { vcpu, interrupts, clock } = among
  const { engine } = vcpu
  const end = engine.retired() + budget
  let vain = 0
  for (;;) {
    const ended = options.immediateExit === true ? undefined : interrupts.takeEnded(among.joined)
    if (ended !== undefined) return { kind: 'ioapic-eoi', vector: ended }
    const now = clock.now()
    interrupts.runTimers(now)
    const before = engine.retired()
    const untilTimer = Math.max(1, Math.ceil(interrupts.nextDeadline() - now))
    const exit = vcpu.run({ ...options, budget: Math.min(end - before, untilTimer) })
    if (options.immediateExit === true || (exit.kind !== 'intr' && exit.kind !== 'hlt')) return exit
    if (among.signalled() || engine.retired() >= end) return { kind: 'intr' }
    if (exit.kind === 'intr') continue
    vain = engine.retired() > before ? 0 : vain + 1
    if (vain > vainWakeups || among.othersRun() || !clock.wait(interrupts.nextDeadline())) return exit
  }
}
