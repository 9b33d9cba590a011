/** Text from a place up to its NUL, or to the end. Bytes are characters. */
export function textAt(bytes: Uint8Array, from: number): string {
  let text = ''
  for (let at = from; at < bytes.length && bytes[at] !== 0; at += 1) text += String.fromCharCode(bytes[at]!)
  return text
}
