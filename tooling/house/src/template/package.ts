import type { Manifest, Plan } from '../house.ts'
import type { Tree } from '../tree.ts'
import type { Refused, Template } from './create.ts'

const usage =
  "pnpm new package FLOOR/NAME ['What it is, as a phrase'], for example: pnpm new package machine/virtio-block"

/** A package on a floor: it passes every check as it is written, and its content is yours. */
export function newPackage(tree: Tree, [where = '', ...phrase]: readonly string[]): Template | Refused {
  const refused = (says: string): Refused => ({ kind: 'refused', says })
  const [, floor = '', name = ''] = /^([a-z0-9]+)\/([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/.exec(where) ?? []
  if (name === '') return refused(usage)
  const { floors }: Plan = JSON.parse(tree.read('house.json'))
  if (!(floor in floors)) return refused(`there is no floor ${floor}: ${Object.keys(floors).join(', ')}`)
  const taken = tree.paths.find((path) => path.endsWith(`/${name}/package.json`))
  if (taken !== undefined) return refused(`the name is taken: ${taken}`)
  const description = phrase.length === 0 ? `A new package, ${name}` : phrase.join(' ')
  return {
    kind: 'files',
    files: packageFiles(`packages/${floor}/${name}`, { name, description }),
    next: 'Now run `pnpm install`, and say in its README what it is.',
  }
}

/** What a new package is called and what it is. */
export interface NewPackage {
  /** Without the scope: `x86-paging`. */
  readonly name: string
  readonly description: string
  /** Whether it ships its rows as JSON too, in `data/`. */
  readonly shipsData?: boolean
}

/** The `package.json` that every package has. */
export function packageManifest({ name, description, shipsData = false }: NewPackage): Manifest {
  const data = shipsData ? { './data/*.json': './data/*.json' } : {}
  return {
    name: `@vmm/${name}`,
    version: '1.0.0',
    description,
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=22.18' },
    exports: { '.': './src/index.ts', ...data, './package.json': './package.json' },
    files: ['dist', ...(shipsData ? ['data'] : []), 'src', '!src/**/*.{test,bench}.ts'],
    scripts: { build: 'tsc -p tsconfig.build.json', packed: 'house packed', typecheck: 'tsc --noEmit' },
    devDependencies: { '@vmm/tsconfig': 'workspace:*', typescript: 'catalog:', vitest: 'catalog:' },
    publishConfig: {
      access: 'public',
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        ...data,
        './package.json': './package.json',
      },
    },
  }
}

function packageFiles(folder: string, made: NewPackage): Readonly<Record<string, string>> {
  const { name, description } = made
  const value = camelCase(name)
  const json = (data: unknown): string => `${JSON.stringify(data, undefined, 2)}\n`
  return {
    [`${folder}/package.json`]: json(packageManifest(made)),
    [`${folder}/tsconfig.json`]: json({
      extends: '@vmm/tsconfig/base.json',
      compilerOptions: { noEmit: true },
      include: ['src', 'test', 'bench'],
    }),
    [`${folder}/tsconfig.build.json`]: json({
      extends: '@vmm/tsconfig/base.json',
      compilerOptions: { rootDir: 'src', outDir: 'dist' },
      include: ['src'],
      exclude: ['**/*.test.ts', '**/*.bench.ts'],
    }),
    [`${folder}/README.md`]: readmeOf(name, value, description),
    [`${folder}/src/index.ts`]: `export { ${value} } from './${name}.ts'\n`,
    [`${folder}/src/${name}.ts`]: `/** ${description}. */\nexport function ${value}(): string {\n  return '${name}'\n}\n`,
    [`${folder}/src/${name}.test.ts`]: testOf(name, value),
    [`.changeset/${name}-begins.md`]: `---\n"@vmm/${name}": minor\n---\n\nBegan ${name}.\n`,
  }
}

const camelCase = (name: string): string => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

const testOf = (name: string, value: string): string => `import { expect, test } from 'vitest'
import { ${value} } from './${name}.ts'

test('${name} says its name', () => {
  expect(${value}()).toBe('${name}')
})
`

const readmeOf = (name: string, value: string, description: string): string => `# @vmm/${name}

${description}.

## The idea

Why this is a package of its own, and what it promises.

## Use

\`\`\`ts
import { ${value} } from '@vmm/${name}'

${value}() // → '${name}'
\`\`\`

## What is inside

- \`${value}\`: its name.

## What is not here

What a reader might look for in vain, and where it is instead.

## Sources

None.
`
