import type { Node, Region, Statement } from './node.ts'

/**
 * Decides which nodes are held in locals: those used more than once, and reads whose only user comes after an effect
 * or in another region. Everything else is computed where it is used; what nobody uses disappears.
 */
export function schedule(body: Region): void {
  countUses(body)
  settle(body)
}

function countUses(region: Region): void {
  for (const statement of region.statements) {
    switch (statement.kind) {
      case 'node':
        break // counts only through its users
      case 'begin':
        break
      case 'loop':
        countUses(statement.head)
        use(statement.condition)
        countUses(statement.body)
        break
      case 'forever':
      case 'block':
        countUses(statement.body)
        break
      case 'switch':
        useAll(statement.args)
        statement.cases.forEach(countUses)
        countUses(statement.otherwise)
        break
      case 'if':
        useAll(statement.args)
        countUses(statement.body)
        if (statement.otherwise !== undefined) countUses(statement.otherwise)
        break
      default:
        useAll(statement.args)
    }
  }
}

function useAll(nodes: readonly Node[]): void {
  for (let at = 0; at < nodes.length; at += 1) use(nodes[at]!)
}

function use(node: Node): void {
  node.uses += 1
  if (node.uses === 1) useAll(node.args)
  else if (node.operation.kind !== 'constant' && !isFixedLocal(node)) node.held = true
}

/** A parameter or a local assigned once costs nothing to name twice. */
function isFixedLocal(node: Node): boolean {
  return node.operation.kind === 'local' && node.moves === 'pure'
}

function settle(region: Region): void {
  for (const statement of region.statements) {
    switch (statement.kind) {
      case 'node':
        if (statement.held) computedAt(statement.args, region, statement.epoch)
        break
      case 'begin':
        break
      case 'loop':
        settle(statement.head)
        computedAt([statement.condition], statement.head, lastEpoch(statement.head, statement.condition))
        settle(statement.body)
        break
      case 'forever':
      case 'block':
        settle(statement.body)
        break
      case 'switch':
        computedAt(statement.args, region, statement.epoch)
        statement.cases.forEach(settle)
        settle(statement.otherwise)
        break
      case 'if':
        computedAt(statement.args, region, statement.epoch)
        settle(statement.body)
        if (statement.otherwise !== undefined) settle(statement.otherwise)
        break
      default:
        computedAt(statement.args, region, statement.epoch)
    }
  }
}

/** The loop's condition is computed at the end of its head. */
function lastEpoch(head: Region, condition: Node): number {
  const epochs = head.statements.map((statement) => epochOf(statement))
  return Math.max(condition.epoch, ...epochs)
}

function epochOf(statement: Statement): number {
  if (statement.kind === 'node') return statement.epoch
  return 'epoch' in statement ? statement.epoch + 1 : 0
}

/** Walks an expression that is computed at one moment; a read that may not wait until then is held instead. */
function computedAt(nodes: readonly Node[], region: Region, epoch: number): void {
  for (let at = 0; at < nodes.length; at += 1) {
    const node = nodes[at]!
    if (node.held) continue
    if (node.moves === 'read' && (node.epoch !== epoch || node.region !== region)) {
      node.held = true
      computedAt(node.args, node.region, node.epoch)
      continue
    }
    computedAt(node.args, region, epoch)
  }
}
