import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { withScratch } from '@vmm/scratch'
import { median } from '../timed.ts'

/** The decoder as its users get it. */
export interface PackedDecoder {
  /** Bytes of the tarball, and of all that it needs, itself included. */
  readonly bytes: number
  readonly closureBytes: number
  /** Milliseconds of a new process from the import to what it gives, and of the first instruction that is decoded. */
  readonly importMilliseconds: number
  readonly firstMilliseconds: number
}

const processes = 15
const script = `const begun = performance.now()
const { createDecoded, decode } = await import('@vmm/x86-decoder')
const imported = performance.now()
decode(Uint8Array.of(0x90), 0, 1, 64, createDecoded())
console.log(imported - begun, performance.now() - imported)
`

/** Packs the decoder with what it needs, unpacks it where nothing else is, and imports it in new processes. */
export function packedDecoder(): PackedDecoder {
  return withScratch('packed', (place) => {
    execFileSync('pnpm', ['--silent', 'pack:closure', 'x86-decoder', place], { stdio: ['ignore', 'ignore', 'inherit'] })
    const tarballs = readdirSync(place).filter((name) => name.endsWith('.tgz'))
    for (const tarball of tarballs) unpack(place, tarball)
    writeFileSync(join(place, 'begin.mjs'), script)
    const times = Array.from({ length: processes }, () =>
      execFileSync(process.execPath, ['begin.mjs'], { cwd: place, encoding: 'utf8' }).split(' ').map(Number),
    )
    const sizes = tarballs.map((name) => ({ name, bytes: statSync(join(place, name)).size }))
    return {
      bytes: sizes.find(({ name }) => name.includes('x86-decoder'))!.bytes,
      closureBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      importMilliseconds: median(times.map(([imported]) => imported!)),
      firstMilliseconds: median(times.map(([, first]) => first!)),
    }
  })
}

/** A tarball's name is its package's, with dashes, and its version. */
function unpack(place: string, tarball: string): void {
  const name = /^vmm-(.*)-\d+\.\d+\.\d+\.tgz$/.exec(basename(tarball))![1]!
  const folder = join(place, 'node_modules/@vmm', name)
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', join(place, tarball), '-C', folder, '--strip-components=1'])
}
