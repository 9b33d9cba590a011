/** A text as it can be shown on one line of a terminal: control characters are escaped, as a shell would write them. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, escaped)
}

/** A value that a person gave, for a message: nothing at all would be hard to see. */
export function shown(value: string): string {
  return value === '' ? "''" : value
}

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  return short[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
