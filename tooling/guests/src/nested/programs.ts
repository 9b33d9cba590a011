import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Programs that run a guest of their own by `/dev/kvm`. */
export type NestedProgram = 'l2-probe' | 'l2-several' | 'l2-linux'

/** Whether there is a compiler. */
export const hasCompiler: boolean = spawnSync('gcc', ['--version']).status === 0

/**
 * Compiles a program into a directory, so that it runs in a Linux where nothing else is; answers its path.
 * @throws what the compiler says.
 */
export function compiled(name: NestedProgram, place: string): string {
  const [source, made] = [fileURLToPath(new URL(`${name}.c`, import.meta.url)), join(place, name)]
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-pthread']
  const { status, stderr, error } = spawnSync('gcc', [...flags, '-o', made, source], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr.trim()}`)
  return made
}
