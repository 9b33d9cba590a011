/** The standard codecs: browsers and Node have them, the language's own declarations do not. */
const codecs = globalThis as unknown as {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array }

}

export const encodeText = (text: string): Uint8Array => new codecs.TextEncoder().encode(text)
