import { type InterruptLine, likeSaved, type Saved } from '@vmm/device'

/** How many interrupt lines a board has: 16 of ISA and 8 more on the I/O APIC. */
export const lineCount = 24

/** Who is told of lines. */
export interface LineTarget {
  /** A line that exists has another level than before: 0 to 15 are ISA's, the rest only an I/O APIC has. */
  setLine(line: number, level: boolean): void
}

/**
 * Joins devices to interrupt controllers. Several sources may share a line: it is up while any of them is. Line 2 is the PIC's
 * own, and leads nowhere.
 */
export class LineRouter {
  readonly #target: LineTarget
  readonly #sources: number[] = []
  #levels: boolean[] = []
  readonly #counts = new Uint8Array(lineCount)

  constructor(target: LineTarget) {
    this.#target = target
  }

  /** A new source on a line. A line that does not exist swallows it. */
  source(line: number): InterruptLine {
    const index = this.#sources.length
    this.#sources.push(line)
    this.#levels.push(false)
    return (level) => this.#drive(index, line, level)
  }

  /** Whether some source holds a line up. */
  level(line: number): boolean {
    return (this.#counts[line] ?? 0) > 0
  }

  save(): Saved {
    return this.#levels.slice()
  }

  restore(saved: Saved): void {
    this.#levels = likeSaved('interrupt lines', this.#levels, saved)
    this.#counts.fill(0)
    for (const [index, line] of this.#sources.entries()) {
      if (this.#levels[index] === true) this.#counts[line] = (this.#counts[line] ?? 0) + 1
    }
  }

  #drive(index: number, line: number, level: boolean): void {
    if (this.#levels[index] === level) return
    this.#levels[index] = level
    const count = (this.#counts[line] ?? 0) + (level ? 1 : -1)
    this.#counts[line] = count
    if (count <= (level ? 1 : 0) && line !== 2) this.#target.setLine(line, level)
  }
}
