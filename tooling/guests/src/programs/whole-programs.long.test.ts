import { test } from 'vitest'
import { expectSameOutput } from './same-output.ts'
import { lackedFor, variantsOf } from './whole-programs.ts'

const variants = variantsOf(['0', '1', '2', '3', 's'])
const runnable = variants.filter((variant) => lackedFor(variant).length === 0)

test('a program prints in a guest of x86-64-v3 what it prints natively, however it is compiled', (context) =>
  expectSameOutput(context, runnable))

test('this machine runs every way of compiling it', (context) => {
  const lacked = [...new Set(variants.flatMap(lackedFor))]
  if (lacked.length > 0) context.skip(`not compared: what needs ${lacked.join(', ')}, which this machine's CPU lacks`)
})
