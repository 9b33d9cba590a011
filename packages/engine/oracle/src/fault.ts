/** An exception on its way out of a description. It never leaves the oracle. */
export class Fault {
  readonly vector: number
  readonly errorCode: number | undefined

  constructor(vector: number, errorCode: number | undefined) {
    this.vector = vector
    this.errorCode = errorCode
  }
}
