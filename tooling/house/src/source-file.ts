import { type ParseResult, parseSync } from 'oxc-parser'

/** What one `import`, `export … from` or `import()` asks for. */
export interface Reference {
  readonly specifier: string
  readonly line: number
  readonly kind: 'import' | 're-export' | 'dynamic'
  /** Names in the other module; `'*'` for all of them. */
  readonly names: readonly string[]
}

/** A name that a module gives away. */
export interface Export {
  readonly name: string
  readonly line: number
  /** Where it comes from, when it is passed on; else it is declared here. */
  readonly from: { readonly specifier: string; readonly name: string } | undefined
  readonly isType: boolean
  readonly documentation: string | undefined
}

/** A function's name, if it has one, and its lines. */
export interface FunctionSpan {
  readonly name: string
  readonly line: number
  readonly lines: number
}

/** One TypeScript module, parsed once and asked for what laws are about. */
export class SourceFile {
  readonly path: string
  readonly text: string
  readonly #parsed: ParseResult
  #lineStarts: readonly number[] | undefined
  #functions: readonly FunctionSpan[] | undefined

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    this.#parsed = parseSync(path, text)
  }

  get syntaxError(): string | undefined {
    return this.#parsed.errors[0]?.message
  }

  /** How many lines there are; a final newline starts none. */
  get lines(): number {
    return this.#starts().length - (this.text.endsWith('\n') ? 1 : 0)
  }

  get references(): readonly Reference[] {
    const { staticImports, staticExports, dynamicImports } = this.#parsed.module
    const imports = staticImports.map(({ start, moduleRequest, entries }): Reference => {
      const names = entries.map(({ importName }) => importName.name ?? '*')
      return { specifier: moduleRequest.value, line: this.lineAt(start), kind: 'import', names }
    })
    const exports = staticExports.flatMap(({ start, entries }): Reference[] => {
      const specifier = entries[0]?.moduleRequest?.value
      if (specifier === undefined) return []
      const names = entries.map(({ importName }) => importName.name ?? '*')
      return [{ specifier, line: this.lineAt(start), kind: 're-export', names }]
    })
    const dynamic = dynamicImports.flatMap(({ start, moduleRequest }): Reference[] => {
      const specifier = /^['"](.*)['"]$/.exec(this.text.slice(moduleRequest.start, moduleRequest.end))?.[1]
      return specifier === undefined ? [] : [{ specifier, line: this.lineAt(start), kind: 'dynamic', names: ['*'] }]
    })
    return [...imports, ...exports, ...dynamic]
  }

  /** Every name this module gives away; `'*'` where it passes on all of another. */
  get exports(): readonly Export[] {
    const imported = new Map(
      this.#parsed.module.staticImports.flatMap(({ moduleRequest, entries }) =>
        entries.map(({ localName, importName }) => {
          const from = { specifier: moduleRequest.value, name: importName.name ?? '*' }
          return [localName.value, from] as const
        }),
      ),
    )
    return this.#parsed.module.staticExports.flatMap((statement) =>
      statement.entries.map((entry): Export => {
        const passedOn = entry.moduleRequest && {
          specifier: entry.moduleRequest.value,
          name: entry.importName.name ?? '*',
        }
        const from = passedOn ?? (entry.localName.name === null ? undefined : imported.get(entry.localName.name))
        const at = this.#declarationOf(entry.localName.name) ?? statement.start
        const documentation = this.#documentationBefore(at)
        const { exportName, isType } = entry
        return { name: exportName.name ?? '*', line: this.lineAt(entry.start), from, isType, documentation }
      }),
    )
  }

  get functions(): readonly FunctionSpan[] {
    this.#functions ??= this.#findFunctions()
    return this.#functions
  }

  /** Top-level statements that are no re-export. */
  get ownStatements(): readonly { readonly line: number }[] {
    return this.#parsed.program.body
      .filter((statement) => !isPassingOn(statement) && !isEmptyExport(statement))
      .map(({ start }) => ({ line: this.lineAt(start) }))
  }

  lineAt(offset: number): number {
    let low = 0
    let high = this.#starts().length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts()[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }

  #starts(): readonly number[] {
    this.#lineStarts ??= [0, ...[...this.text.matchAll(/\n/g)].map(({ index }) => index + 1)]
    return this.#lineStarts
  }

  /** Where the statement begins that declares a local name. */
  #declarationOf(name: string | null): number | undefined {
    const statement = this.#parsed.program.body.find((each) => {
      const declaration = 'declaration' in each ? each.declaration : each
      if (declaration === null || !('type' in declaration)) return false
      if (declaration.type === 'VariableDeclaration')
        return declaration.declarations.some(({ id }) => id.type === 'Identifier' && id.name === name)
      return 'id' in declaration && declaration.id?.type === 'Identifier' && declaration.id.name === name
    })
    return statement?.start
  }

  /** The docstring right before a statement, or before the paragraph of one-line constants that it stands in. */
  #documentationBefore(offset: number): string | undefined {
    const comment = this.#parsed.comments.findLast(({ end }) => end <= offset)
    const between = comment === undefined ? '' : this.text.slice(comment.end, offset)
    if (comment?.type !== 'Block' || !comment.value.startsWith('*')) return undefined
    return /^\s*(export const .*\n)*$/.test(between) && !/\S[\s\S]*\n\s*\n/.test(between) ? comment.value : undefined
  }

  #findFunctions(): readonly FunctionSpan[] {
    const found: FunctionSpan[] = []
    walk(this.#parsed.program, (node, parent) => {
      if (!functionTypes.has(node.type)) return
      const line = this.lineAt(node.start)
      found.push({ name: nameOf(node, parent), line, lines: this.lineAt(node.end - 1) - line + 1 })
    })
    return found
  }
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
}

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

function walk(node: Node, visit: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  visit(node, parent)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit, node)
  }
}

function nameOf(node: Node, parent: Node | undefined): string {
  for (const holder of [node, parent]) {
    if (holder === undefined) continue
    for (const key of ['id', 'key']) {
      const name = (holder as unknown as Readonly<Record<string, unknown>>)[key]
      if (isNode(name) && 'name' in name) return String(name.name)
    }
  }
  return 'a function'
}

function isPassingOn(statement: Node): boolean {
  return statement.type === 'ExportNamedDeclaration' && 'source' in statement && statement.source !== null
}

/** `export {}`, which only says that a file is a module. */
function isEmptyExport(statement: Node): boolean {
  if (statement.type !== 'ExportNamedDeclaration' || !('specifiers' in statement)) return false
  const { specifiers, declaration } = statement as Node & { specifiers: readonly unknown[]; declaration?: unknown }
  return specifiers.length === 0 && !declaration
}
