/** Lets one wait for a time, or less if somebody rings, or has since the last wait. */
export class Bell {
  #ring: (() => void) | undefined
  #hasRung = false

  readonly ring = (): void => {
    if (this.#ring === undefined) this.#hasRung = true
    else this.#ring()
  }

  async wait(milliseconds: number): Promise<void> {
    const already = this.#hasRung
    this.#hasRung = false
    if (already) return
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
