export { type HypercallError, hypercallErrors } from './errors.ts'
export {
  decideHypercall,
  decodeHypercall,
  type Hypercall,
  type HypercallContext,
  type HypercallRegisters,
  type HypercallVerdict,
  hypercallNumbered,
  numberOf,
  returnValue,
} from './hypercall.ts'
export { type HypercallName, type HypercallRow, hypercalls } from './hypercalls.rows.ts'
