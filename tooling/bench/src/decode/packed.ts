import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withScratch } from '@vmm/scratch'
import { median } from '../timed.ts'

/** The decoder as its users get it. */
export interface PackedDecoder {
  /** Bytes of the tarball, and of all that it needs, itself included. */
  readonly bytes: number
  readonly closureBytes: number
  /** Milliseconds of a new process from the import to what it gives: of the decoder, of a module with nothing in it, and of iced-x86. */
  readonly importing: Readonly<Record<Imported, Milliseconds>>
  /** Milliseconds of the first instruction that is decoded. */
  readonly firstMilliseconds: number
}

/** On the clock, and of processors, which does not count others' programs. */
export interface Milliseconds {
  readonly wall: number
  readonly processor: number
}

const imported = { decoder: '@vmm/x86-decoder', nothing: './nothing.mjs', iced: 'iced-x86' } as const
type Imported = keyof typeof imported

const processes = 15
const script = `const [processor, begun] = [process.cpuUsage(), performance.now()]
const { createDecoded, decode } = await import(process.argv[2])
const [used, imported] = [process.cpuUsage(processor), performance.now()]
if (createDecoded !== undefined) decode(Uint8Array.of(0x90), 0, 1, 64, createDecoded())
console.log(imported - begun, (used.user + used.system) / 1000, performance.now() - imported)
`

/** Packs the decoder with what it needs, unpacks it where nothing else is, and imports it in new processes, in turns with others. */
export function packedDecoder(): PackedDecoder {
  return withScratch('packed', (place) => {
    execFileSync('pnpm', ['--silent', 'pack:closure', 'x86-decoder', place], { stdio: ['ignore', 'ignore', 'inherit'] })
    const tarballs = readdirSync(place).filter((name) => name.endsWith('.tgz'))
    for (const tarball of tarballs) unpack(place, tarball)
    cpSync(dirname(fileURLToPath(import.meta.resolve('iced-x86/package.json'))), join(place, 'node_modules/iced-x86'), {
      recursive: true,
    })
    writeFileSync(join(place, 'nothing.mjs'), '')
    writeFileSync(join(place, 'begin.mjs'), script)
    const times = Array.from({ length: processes }, () => mapValues(imported, (what) => begun(place, what)))
    const sizes = tarballs.map((name) => ({ name, bytes: statSync(join(place, name)).size }))
    const middle = (name: Imported, at: 0 | 1 | 2) => median(times.map((each) => each[name][at]))
    return {
      bytes: sizes.find(({ name }) => name.includes('x86-decoder'))!.bytes,
      closureBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      importing: mapValues(imported, (_, name) => ({ wall: middle(name, 0), processor: middle(name, 1) })),
      firstMilliseconds: middle('decoder', 2),
    }
  })
}

type Times = readonly [wall: number, processor: number, first: number]

/** What a new process says of its import. */
function begun(place: string, what: string): Times {
  const said = execFileSync(process.execPath, ['begin.mjs', what], { cwd: place, encoding: 'utf8' })
  return said.split(' ').map(Number) as unknown as Times
}

function mapValues<Value>(
  from: Readonly<Record<Imported, string>>,
  to: (value: string, name: Imported) => Value,
): Readonly<Record<Imported, Value>> {
  const names = Object.keys(from) as Imported[]
  return Object.fromEntries(names.map((name) => [name, to(from[name], name)])) as Record<Imported, Value>
}

/** A tarball's name is its package's, with dashes, and its version. */
function unpack(place: string, tarball: string): void {
  const name = /^vmm-(.*)-\d+\.\d+\.\d+\.tgz$/.exec(basename(tarball))![1]!
  const folder = join(place, 'node_modules/@vmm', name)
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', join(place, tarball), '-C', folder, '--strip-components=1'])
}
