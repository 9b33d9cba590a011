/** The part of WebAssembly's JavaScript interface that we use: the language's own libraries do not declare it. */
export interface Memory {
  /** All of it as it is now; what was had before it grew stays good for what there was. */
  readonly buffer: SharedArrayBuffer
  /** By so many pages of 64 KiB. Throws RangeError where they do not fit. */
  grow(pages: number): number
}

export interface Table {
  readonly length: number
  get(index: number): unknown
  set(index: number, value: unknown): void
}

export interface Instance {
  readonly exports: Readonly<Record<string, unknown>>
}

interface Interface {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => Memory
  readonly Table: new (shape: { element: 'anyfunc'; initial: number }) => Table
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => Instance
}

export const wasm = (globalThis as unknown as { readonly WebAssembly: Interface }).WebAssembly
