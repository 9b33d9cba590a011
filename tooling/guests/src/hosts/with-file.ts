import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withScratch } from '@vmm/scratch'

/** Has a file with these bytes while something runs. Its directory may be written to, and goes afterwards. */
export function withFile<T>(bytes: Uint8Array, act: (path: string, directory: string) => T): T {
  return withScratch('guests', (directory) => {
    const path = join(directory, 'image')
    writeFileSync(path, bytes)
    return act(path, directory)
  })
}
