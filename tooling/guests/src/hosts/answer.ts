/** What a kernel printed somewhere. */
export interface Answer {
  /** Lines, without the last one if the kernel came to its end. */
  readonly lines: readonly string[]
  /** It printed its last line. */
  readonly finished: boolean
}

/** Someone who can run a kernel, or the reason why they cannot. */
export interface Host {
  readonly name: string
  readonly absent: string | undefined
  ask(image: Uint8Array): Answer
}

/** Reads what came out of a serial port. */
export function answerOf(text: string): Answer {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const end = lines.indexOf('done')
  return end < 0 ? { lines, finished: false } : { lines: lines.slice(0, end), finished: true }
}
