/** A port had no answer yet. It never leaves the oracle. */
export class Unanswered {}

/** What a port answered, if it did. */
export function answered<T>(answer: T | undefined): T {
  if (answer === undefined) throw new Unanswered()
  return answer
}

/** An exception on its way out of a description. It never leaves the oracle. */
export class Fault {
  readonly vector: number
  readonly errorCode: number | undefined

  constructor(vector: number, errorCode: number | undefined) {
    this.vector = vector
    this.errorCode = errorCode
  }
}
