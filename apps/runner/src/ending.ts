/** What someone outside the guest wants the run to end for. */
export type Wish =
  | { readonly kind: 'quit' }
  /** Nobody reads the output any more. */
  | { readonly kind: 'closed'; readonly status: number }
  /** What the guest writes cannot be written. */
  | { readonly kind: 'failed'; readonly says: string }
  /** The engine and the oracle do not agree. */
  | { readonly kind: 'differs'; readonly says: string }
  | { readonly kind: 'signal'; readonly name: SignalName }

export type SignalName = 'SIGHUP' | 'SIGINT' | 'SIGQUIT' | 'SIGTERM'

const signalNames: readonly SignalName[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']

/** Collects the first wish that a run should end: a signal, a key, a reader that has gone. */
export class Ending {
  readonly #controller = new AbortController()
  readonly #listeners = signalNames.map((name) => [name, () => this.want({ kind: 'signal', name })] as const)
  #wish: Wish | undefined

  constructor() {
    for (const [name, listener] of this.#listeners) process.on(name, listener)
  }

  get wish(): Wish | undefined {
    return this.#wish
  }

  /** Aborted by the first wish. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  want(wish: Wish): void {
    this.#wish ??= wish
    this.#controller.abort()
  }

  /** Signals do again what they do by default. */
  close(): void {
    for (const [name, listener] of this.#listeners) process.off(name, listener)
  }
}
