import type { Manifest } from '../house.ts'

/** What a new package is called and what it is. */
export interface NewPackage {
  /** Without the scope: `x86-paging`. */
  readonly name: string
  readonly description: string
}

/** The `package.json` that every package has. */
export function packageManifest({ name, description }: NewPackage): Manifest {
  return {
    name: `@vmm/${name}`,
    version: '1.0.0',
    description,
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=22.18' },
    exports: { '.': './src/index.ts', './package.json': './package.json' },
    files: ['dist', 'src', '!src/**/*.{test,bench}.ts'],
    scripts: { build: 'tsc -p tsconfig.build.json', typecheck: 'tsc --noEmit' },
    devDependencies: { '@vmm/tsconfig': 'workspace:*', typescript: 'catalog:', vitest: 'catalog:' },
    publishConfig: {
      access: 'public',
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        './package.json': './package.json',
      },
    },
  }
}
