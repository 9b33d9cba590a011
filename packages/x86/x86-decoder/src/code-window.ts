/** Bytes that are decoded at once, and room behind them: what is read beyond the end is never looked at. */
export const windowSize = 4096
const room = 64

/** The bytes that are being decoded, copied from the caller's. */
export const code = new Uint8Array(windowSize + room)

/** The same in numbers of 32 bits. */
export const codeView = new DataView(code.buffer)
