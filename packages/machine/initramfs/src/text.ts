/** The standard codecs: browsers and Node have them, the language's own declarations do not. */
const codecs = globalThis as unknown as {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array }
  readonly TextDecoder: new () => { decode(bytes: Uint8Array): string }
}

/** Text as UTF-8. */
export const encodeText = (text: string): Uint8Array => new codecs.TextEncoder().encode(text)

/** UTF-8 as text. */
export const decodeText = (bytes: Uint8Array): string => new codecs.TextDecoder().decode(bytes)
