import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let made: string | undefined

/** The vmm command as its users get it, made of the source as it is now. */
export function vmmCommand(): string {
  if (made !== undefined) return made
  const folder = dirname(fileURLToPath(import.meta.resolve('@vmm/runner/package.json')))
  execFileSync(process.execPath, [join(folder, 'bundle.ts')], { stdio: 'inherit' })
  made = join(folder, 'dist/command.js')
  return made
}
