import type { Width } from '../algebra.ts'
import { type HostCall, hostCalls } from '../host-calls.ts'
import { simdOperations } from '../vector/simd-operations.rows.ts'
import { x87Formats, x87Operations } from '../x87/x87-operations.rows.ts'
import { application, tight, type Value, type Writer } from './value.ts'

/** What the answers of host calls are called, where one word for all would not do. */
const answers: Partial<Record<HostCall, readonly string[]>> = {
  cpuid: ['eax', 'ebx', 'ecx', 'edx'],
  simd: ['low', 'high', 'raised'],
  x87: ['significand', 'exponent', 'significand', 'exponent', 'raised', 'written'],
}

function results(call: HostCall): readonly { readonly stem: string; readonly width: Width }[] {
  return hostCalls[call].results.map((width, at) => ({ stem: answers[call]?.[at] ?? 'answer', width }))
}

/** A floating-point operation by its name, with both operands' halves and the control bits. */
function simdCall(operation: Value): Writer {
  if (operation.number === undefined) return application('simd')
  const number = Number(operation.number)
  const name = simdOperations[number & 0xff]!
  const immediate = number >> 8
  return ([, ...values]) => {
    const [low, high, low2, high2, mxcsr] = values.map(({ text }) => text)
    const how = immediate === 0 ? '' : `, ${immediate}`
    return tight(`${name}(${high}:${low}, ${high2}:${low2}, ${mxcsr}${how})`)
  }
}

/** An x87 operation by its name, with both values' halves and the format of the second. */
function x87Call(operation: Value): Writer {
  if (operation.number === undefined) return application('x87')
  const number = Number(operation.number)
  const [name, format] = [x87Operations[number & 0xff]!, x87Formats[number >> 8]!]
  return ([, ...values]) => {
    const [significand, exponent, significand2, exponent2, control] = values.map(({ text }) => text)
    const source = format === 'register' ? `${exponent2}:${significand2}` : `${format} ${significand2}`
    return tight(`${name}(${exponent}:${significand}, ${source}, ${control})`)
  }
}

/** Calls of the surroundings, as text. */
export const hostText = {
  results,
  call: (call: HostCall, values: readonly Value[]): Writer =>
    call === 'simd' ? simdCall(values[0]!) : call === 'x87' ? x87Call(values[0]!) : application(call),
}
