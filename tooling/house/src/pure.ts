import { parseSync } from 'oxc-parser'

/** Of a syntax tree, what is looked at here. */
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string'

const childrenOf = (node: Node): readonly Node[] => Object.values(node).flat().filter(isNode)

/** What bundlers believe to do something, whatever it is: they cannot know who is called. */
const busy = new Set([
  'CallExpression',
  'NewExpression',
  'TaggedTemplateExpression',
  'SpreadElement',
  'MemberExpression',
])
const isFunction = ({ type }: Node): boolean => type === 'ArrowFunctionExpression' || type === 'FunctionExpression'

const isBusy = (node: Node): boolean => !isFunction(node) && (busy.has(node.type) || childrenOf(node).some(isBusy))

interface Declaration extends Node {
  readonly declarations: readonly { readonly id: Node; readonly init: Node | null }[]
}

/** The values of a module's own constants and variables. */
function valuesOf(statement: Node): readonly Node[] {
  if (statement.type === 'ExportNamedDeclaration') return childrenOf(statement).flatMap(valuesOf)
  if (statement.type !== 'VariableDeclaration') return []
  return (statement as Declaration).declarations.flatMap(({ id, init }) =>
    init === null || id.type !== 'Identifier' ? [] : [init],
  )
}

/**
 * A module in which every value that is computed at import is marked as one that nobody misses if nobody uses it: importing our packages has no effects. Bundlers leave out
 * what is so marked, where else they leave out whole modules alone. Lines stay where they are.
 */
export function markedPure(path: string, text: string): string {
  const values = parseSync(path, text).program.body.flatMap(valuesOf).filter(isBusy)
  let marked = ''
  let from = 0
  for (const { start, end } of values) {
    marked += `${text.slice(from, start)}/* @__PURE__ */ (() => (${text.slice(start, end)}))()`
    from = end
  }
  return marked + text.slice(from)
}
