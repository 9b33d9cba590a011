import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

/**
 * Makes the command as its users get it, `dist/command.js`. In the source it is some 1,800 modules, and loading each of them makes a start take a
 * quarter of a CPU second more. Files that would be as they are stay untouched: Node keeps what it has compiled of them.
 */
const [source, place] = [join(import.meta.dirname, 'src'), join(import.meta.dirname, 'dist')]
const part = 'command-'
const { outputFiles } = await build({
  entryPoints: { command: join(source, 'main.ts'), 'thread-main': join(source, 'threads/thread-main.ts') },
  outdir: place,
  chunkNames: `${part}[hash]`,
  bundle: true,
  splitting: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: 'es2024',
  logLevel: 'warning',
})
mkdirSync(place, { recursive: true })
for (const { path, text } of outputFiles) {
  // of comments alone: texts have escapes. With a character beyond ASCII V8 would keep all of it in two bytes a character
  const code = text.replace(/[\u0080-\uffff]+/g, '...')
  if (!existsSync(path) || readFileSync(path, 'utf8') !== code) writeFileSync(path, code)
}
const names = new Set(outputFiles.map(({ path }) => basename(path)))
for (const name of readdirSync(place))
  if (name.startsWith(part) && !names.has(name)) rmSync(join(place, name), { force: true })
