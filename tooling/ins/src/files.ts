import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDecoded } from '@vmm/x86-decoder'
import { parseOpcode, rows } from '@vmm/x86-opcodes'
import type { InsCase } from './case.ts'
import { decode } from './decoder.ts'
import { environments } from './environments.ts'
import { parseCases } from './parse.ts'

/** Where the cases are: files of the host's answers, and of what the manual says. */
export const folders = {
  cpu: fileURLToPath(new URL('../cases/cpu/', import.meta.url)),
  manual: fileURLToPath(new URL('../cases/manual/', import.meta.url)),
} as const

/** Every file of cases, by path. */
export function caseFiles(): readonly string[] {
  return Object.values(folders).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.ins'))
      .sort()
      .map((name) => folder + name),
  )
}

/** The cases of a file. */
export function casesOfFile(path: string): readonly InsCase[] {
  return parseCases(readFileSync(path, 'utf8'), basename(path))
}

/** The row that a case's bytes are; undefined where they are no instruction. */
export function rowOfCase(one: Pick<InsCase, 'bytes' | 'mode'>): (typeof rows)[number] | undefined {
  const decoded = createDecoded()
  const failure = decode(one.bytes, 0, one.bytes.length, environments[one.mode].codeSize, decoded)
  return failure === undefined ? rows[decoded.row] : undefined
}

/** The file that generated cases of a row belong in, by its opcode map. */
export function familyOf(one: Pick<InsCase, 'bytes' | 'mode'>): string {
  const row = rowOfCase(one)
  if (row === undefined) return 'none'
  const { space, map, byte } = parseOpcode(row.opcode)
  if (space !== 'legacy') return 'vex'
  if (map === 0) return byte >= 0xd8 && byte <= 0xdf ? 'x87' : 'one-byte'
  return (['one-byte', 'two-byte', 'three-byte-38', 'three-byte-3a'] as const)[map as 0 | 1 | 2 | 3]
}
