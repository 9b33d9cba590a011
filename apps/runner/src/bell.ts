/** Lets one wait for a time, or less if somebody rings. */
export class Bell {
  #ring: (() => void) | undefined

  readonly ring = (): void => this.#ring?.()

  async wait(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#ring = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#ring = undefined
  }
}
