import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Writes one machine-countable line to `coverage/totals.txt`: `4 passed, 0 failed`. */
export default class Totals implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1
      if (module.state() === 'failed' && module.children.size === 0) count.failed += 1 // a file that did not load
    }
    mkdirSync('coverage', { recursive: true })
    writeFileSync('coverage/totals.txt', `${count.passed} passed, ${count.failed} failed\n`)
  }
}
