import { test } from 'vitest'
import { expectSameOutput } from './same-output.ts'

test('a program with vectors prints in a guest of x86-64-v3 what it prints natively', (context) =>
  expectSameOutput(context, [
    { level: 'x86-64', optimization: '2' },
    { level: 'x86-64-v3', optimization: '3' },
  ]))
