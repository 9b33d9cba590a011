import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Has a file with these bytes while something runs. Its directory may be written to, and goes afterwards. */
export function withFile<T>(bytes: Uint8Array, act: (path: string, directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'vmm-guests-'))
  try {
    const path = join(directory, 'image')
    writeFileSync(path, bytes)
    return act(path, directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
