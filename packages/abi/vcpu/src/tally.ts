/** What brought a guest to KVM, counted: what KVM counts under the same names without `Exits`. Strings that are read from ports are not told from IN. */
export class Tally {
  /** IN and OUT, whoever answers them. */
  io = 0
  hypercalls = 0
  halts = 0
  /** CPUID, and accesses to MSRs. */
  others = 0
  /** Accesses of instructions that are emulated: memory that is not there, and strings that go to ports. */
  emulated = 0
  emulationFailures = 0
  interrupts = 0
  nmis = 0

  /** Every way out of the guest that is counted here. */
  get exits(): number {
    return this.io + this.hypercalls + this.halts + this.others + this.emulated
  }
}
