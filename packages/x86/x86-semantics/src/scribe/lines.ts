import type { Width } from '../algebra.ts'
import type { Scroll, Step } from './script.ts'
import { type Naming, namingOf } from './uses.ts'
import type { Value, Written } from './value.ts'

const indent = '  '

/** Writes a scroll as lines. `usual` is the width that need not be said. */
export function linesOf(scroll: Scroll, usual: Width): readonly string[] {
  return new Lines(scroll, usual).lines
}

class Lines {
  readonly lines: string[] = []
  readonly #scroll: Scroll
  readonly #usual: Width
  readonly #naming: Naming
  readonly #names = new Map<Value, string>()

  constructor(scroll: Scroll, usual: Width) {
    this.#scroll = scroll
    this.#usual = usual
    this.#naming = namingOf(scroll.steps)
    this.#block(scroll.steps, '')
  }

  #block(steps: readonly Step[], margin: string): void {
    for (const step of steps) this.#step(step, margin)
  }

  #step(step: Step, margin: string): void {
    switch (step.kind) {
      case 'value':
        return this.#value(step.value, margin)
      case 'act':
        return this.#line(margin, step.write(step.values.map((value) => this.#written(value))))
      case 'if':
        return this.#if(step, margin)
      case 'while':
        return this.#while(step, margin)
      default:
        return step satisfies never
    }
  }

  #line(margin: string, text: string): void {
    this.lines.push(margin + text)
  }

  #value(value: Value, margin: string): void {
    if (!this.#naming.named.has(value)) return
    const text = this.#expression(value).text
    const name = this.#scroll.name(value.stem)
    this.#names.set(value, name)
    const width = value.width === 1 || value.width === this.#usual ? '' : `:${value.width}`
    this.#line(margin, `${name}${width} ← ${text}`)
  }

  #written(value: Value): Written {
    const name = this.#names.get(value)
    return name === undefined ? this.#expression(value) : { text: name, tight: true }
  }

  #expression(value: Value): Written {
    return value.write(value.parts.map((part) => this.#written(part)))
  }

  #if({ condition, yes, no }: Extract<Step, { kind: 'if' }>, margin: string): void {
    const asked = this.#written(condition).text
    const [then, otherwise] = [this.#inner(yes, margin), this.#inner(no, margin)]
    if (then.length === 0 && otherwise.length === 0) return
    if (then.length === 1 && otherwise.length === 0) return this.#line(margin, `IF ${asked} THEN ${then[0]!.trim()} FI`)
    this.#line(margin, `IF ${asked} THEN`)
    this.lines.push(...(then.length === 0 ? [`${margin}${indent}(* nothing *)`] : then))
    if (otherwise.length > 0) {
      this.#line(margin, 'ELSE')
      this.lines.push(...otherwise)
    }
    this.#line(margin, 'FI')
  }

  /** A block's lines, apart from what is written already. */
  #inner(steps: readonly Step[], margin: string): readonly string[] {
    const start = this.lines.length
    this.#block(steps, margin + indent)
    return this.lines.splice(start)
  }

  #while({ test, condition, body }: Extract<Step, { kind: 'while' }>, margin: string): void {
    const tests = this.#inner(test, margin)
    const asked = this.#written(condition).text
    if (tests.length === 0) this.#line(margin, `WHILE ${asked} DO`)
    else {
      this.#line(margin, 'LOOP')
      this.lines.push(...tests)
      this.#line(margin + indent, `LEAVE UNLESS ${asked}`)
    }
    this.lines.push(...this.#inner(body, margin))
    this.#line(margin, 'OD')
  }
}
