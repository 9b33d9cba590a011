import { type Exception, exceptionAt, exceptions } from '@vmm/x86-registers'

/** An exception on its way to the guest. */
export interface Pending {
  readonly vector: number
  readonly errorCode: number | undefined
}

/** An external interrupt is benign, whatever its vector. */
const severityOf = (vector: number): Exception['severity'] => {
  const name = exceptionAt(vector)
  return name === undefined ? 'benign' : exceptions[name].severity
}

/**
 * What a second exception while delivering a first one becomes: itself, a double fault, or the end.
 * Source: SDM 3A §6.15, Tables 6-4 and 6-5.
 */
export function escalate(first: Pending, second: Pending): Pending | 'shutdown' {
  const [before, after] = [severityOf(first.vector), severityOf(second.vector)]
  if (before === 'double-fault') return after === 'benign' ? second : 'shutdown'
  const contributes = after === 'contributory' || after === 'page-fault'
  const doubles = (before === 'contributory' && after === 'contributory') || (before === 'page-fault' && contributes)
  return doubles ? { vector: exceptions.DF.vector, errorCode: 0 } : second
}
