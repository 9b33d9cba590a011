/**
 * What V8 holds for a module beside its WebAssembly: code of its first compiler and of its second one are about 2.3 bytes for each
 * byte of it, and a page more. Measured on Node 26 by what is resident of its executable memory, after boots of Debian's kernel.
 */
const perByte = 3
const perModule = 8192

/** Bytes of native code that a module of so many bytes comes to, as far as can be told. */
export const nativeBytes = (wasmBytes: number): number => perModule + wasmBytes * perByte

/** So much is left of what is allowed when room has been made. */
const keptShare = 0.75

interface Module<T> {
  readonly bytes: number
  readonly parts: Set<T>
}

/** How much native code there is likely to be: whole modules come and go, for V8 frees a module's code when none of it is left. */
export class CodeRoom<T> {
  readonly #atMost: number
  /** In the order they were made. */
  readonly #modules = new Set<Module<T>>()
  readonly #moduleOf = new Map<T, Module<T>>()
  #bytes = 0

  /** `atMost`: bytes of native code. */
  constructor(atMost: number) {
    this.#atMost = atMost
  }

  /** Bytes of native code, as far as can be told. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether there is more of it than there may be. */
  get isFull(): boolean {
    return this.#bytes > this.#atMost
  }

  /** A module of so many bytes of WebAssembly has been made, of these parts. */
  made(wasmBytes: number, parts: readonly T[]): void {
    const module = { bytes: nativeBytes(wasmBytes), parts: new Set(parts) }
    this.#modules.add(module)
    for (const part of parts) this.#moduleOf.set(part, module)
    this.#bytes += module.bytes
  }

  /** Nobody calls a part any more. */
  gone(part: T): void {
    const module = this.#moduleOf.get(part)
    if (module === undefined) return
    this.#moduleOf.delete(part)
    module.parts.delete(part)
    if (module.parts.size > 0) return
    this.#modules.delete(module)
    this.#bytes -= module.bytes
  }

  /**
   * Parts that should go, so that there is room again and at least `parts` are free: of the modules of which the smallest share has
   * been used, and of those the oldest, first.
   */
  leastUseful(isUsed: (part: T) => boolean, parts: number): readonly T[] {
    const share = ({ parts: all }: Module<T>) => [...all].filter(isUsed).length / all.size
    const worth = new Map([...this.#modules].map((module) => [module, share(module)]))
    const going: T[] = []
    let bytes = this.#bytes
    for (const [module] of [...worth].toSorted(([, a], [, b]) => a - b)) {
      if (bytes <= this.#atMost * keptShare && going.length >= parts) break
      bytes -= module.bytes
      going.push(...module.parts)
    }
    return going
  }
}
