/**
 * WebAssembly that the same program has emitted before, by names that say what it is: what is found need not be emitted again. Whoever keeps it
 * forgets all of it when the program changes.
 */
export interface EmittedCode {
  find(name: string): Uint8Array<ArrayBuffer> | undefined
  keep(name: string, bytes: Uint8Array<ArrayBuffer>): void
  /** Calls it when the program ends, if that can be told: what is too little to be kept at once is kept then. Of one name it calls the newest. */
  atEnd?(name: string, last: () => void): void
}
