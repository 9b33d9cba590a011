import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const results = fileURLToPath(new URL('../results/', import.meta.url))

/** Files of a benchmark's results. */
export const kept = (name: string): { readonly json: string; readonly svg: string } => ({
  json: join(results, `${name}.json`),
  svg: join(results, `${name}.svg`),
})

/** Keeps what a benchmark found, with the machine that it ran on. */
export function keep(name: string, found: object): void {
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    arch: arch(),
    node: process.version,
    v8: process.versions.v8,
  }
  mkdirSync(results, { recursive: true })
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(kept(name).json, `${JSON.stringify({ date, machine, ...found }, null, 2)}\n`)
}

/** A number with so many decimals. */
export const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals))
