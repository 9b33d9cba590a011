/** How user space runs a vCPU, where it does not write so into `kvm_run`. */
export interface RunOnce {
  /** Instructions after which the call comes back with EINTR, as if a signal had come. */
  readonly signalAfter?: number
  /** Whether a signal has come that is not blocked: asked before the guest is entered, and now and then while it runs. */
  readonly signalled?: () => boolean
  /**
   * The guest has executed PAUSE: whether that is the end of its turn, since another vCPU of the same thread has something to do.
   * Then the call comes back with EINTR. Left out, it never is.
   */
  readonly endsTurn?: () => boolean
}

const never = () => false

/** What brings a KVM_RUN back that is under way: a signal, a kick, or the end of its turn. */
export class RunSignals {
  #kicked = false
  #signalled = never
  #endsTurn = never

  /** KVM_RUN is called: nobody has signalled yet. */
  begin({ signalled = never, endsTurn = never }: RunOnce): void {
    this.#kicked = false
    this.#signalled = signalled
    this.#endsTurn = endsTurn
  }

  /** A signal comes. */
  kick(): void {
    this.#kicked = true
  }

  /** Whether one has come since the call. */
  readonly came = (): boolean => this.#kicked || this.#signalled()

  /** What there is to do when the guest has executed PAUSE, if anything: the end of its turn is a signal as any. */
  get onPause(): (() => boolean) | undefined {
    return this.#endsTurn === never ? undefined : this.#ends
  }

  readonly #ends = (): boolean => {
    if (!this.#endsTurn()) return false
    this.#kicked = true
    return true
  }
}
