import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { inAscii } from './ascii.ts'
import { markedPure } from './pure.ts'

/**
 * Makes of a package's modules the one file that its users get, `dist/index.js`: finding, reading and compiling fifty modules takes Node five times as long. Other packages of ours
 * stay imports, so that there is one of each; but `@vmm/source`, a few functions that remember nothing, of which finding the file would cost more. Constants stay `const`: compiled code knows their values. Types are in `dist` beside it, one file a module.
 */
export async function bundled(folder: string, place: string = join(folder, 'dist')): Promise<void> {
  for (const stale of globSync('**/*.{js,js.map}', { cwd: place })) rmSync(join(place, stale))
  const bundle = await rolldown({
    input: join(folder, 'src/index.ts'),
    cwd: folder,
    external: /^@vmm\/(?!source$)/,
    plugins: [
      {
        name: 'pure',
        transform: { filter: { id: /\.ts$/ }, handler: (code, id) => ({ code: markedPure(id, code), map: null }) },
      },
    ],
  })
  const file = join(place, 'index.js')
  await bundle.write({
    file,
    format: 'esm',
    sourcemap: true,
    // the package has its source
    sourcemapExcludeSources: true,
    comments: { annotation: true, legal: false, jsdoc: false },
  })
  await bundle.close()
  // the last thing that is done to it: whoever prints code prints characters
  writeFileSync(file, inAscii(readFileSync(file, 'utf8')))
}
