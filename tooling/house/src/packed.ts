import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { removeScratch, scratch } from '@vmm/scratch'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { bundled } from './bundled.ts'
import type { Manifest } from './house.ts'

/** What is wrong with a package as its users get it, and how large it is in a browser. */
export interface Packed {
  readonly complaints: readonly string[]
  /** Undefined for a package with no door, which no program imports. */
  readonly size: BundleSize | undefined
}

/** Bytes of a package bundled for a browser with all that it imports. */
export interface BundleSize {
  readonly minified: number
  readonly gzipped: number
}

/** Packs a built package as one file, lints the tarball, and bundles what it exports. */
export async function packed(folder: string): Promise<Packed> {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const hasDoor = typeof manifest.exports === 'object' && manifest.exports !== null && '.' in manifest.exports
  if (hasDoor) await bundled(folder)
  const tarball = pack(folder)
  const complaints = [...(await publishing(tarball)), ...(hasDoor ? await types(tarball) : [])]
  if (!hasDoor) return { complaints, size: undefined }
  try {
    return { complaints, size: await bundle(join(folder, 'dist/index.js')) }
  } catch (error) {
    return {
      complaints: [...complaints, `bundling: ${error instanceof Error ? error.message : error}`],
      size: undefined,
    }
  }
}

function pack(folder: string): Buffer<ArrayBuffer> {
  const destination = scratch('packed')
  try {
    const answer = execFileSync('pnpm', ['pack', '--json', '--pack-destination', destination], {
      cwd: folder,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    })
    const { filename }: { filename: string } = JSON.parse(answer)
    return readFileSync(join(destination, basename(filename)))
  } finally {
    removeScratch(destination)
  }
}

async function publishing(tarball: Buffer<ArrayBuffer>): Promise<readonly string[]> {
  const data = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength)
  const { messages, pkg } = await publint({ pack: { tarball: data }, strict: true })
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`)
}

/** Resolutions that a package of ES modules does not serve. */
const unserved = new Set(['node10', 'node16-cjs'])

async function types(tarball: Uint8Array): Promise<readonly string[]> {
  const result = await checkPackage(createPackageFromTarballData(tarball))
  if (!result.types) return ['types: there are none in the tarball']
  return result.problems
    .filter((problem) => !('resolutionKind' in problem && unserved.has(problem.resolutionKind)))
    .map((problem) => `types: ${problem.kind}${'entrypoint' in problem ? ` at ${problem.entrypoint}` : ''}`)
}

async function bundle(entry: string): Promise<BundleSize> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2024',
    logLevel: 'silent',
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  return { minified: code.length, gzipped: gzipSync(code).length }
}
