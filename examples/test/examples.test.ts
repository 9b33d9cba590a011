import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { defaultGuest } from '@vmm/runner/default-guest'
import { expect, test } from 'vitest'

/** What a program of this folder prints. */
async function printed(name: string, ...words: string[]): Promise<string> {
  const program = fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))
  return (await promisify(execFile)(process.execPath, [program, ...words])).stdout
}

test('decode prints a function, one instruction a line', async () => {
  expect(await printed('decode')).toBe(
    [
      '1000  55          push rbp',
      '1001  48 89 e5    mov rbp, rsp',
      '1004  0f 01 c1    vmcall',
      '1007  c9          leave',
      '1008  c3          ret',
      '',
    ].join('\n'),
  )
})

test('decode stops where there is no instruction', async () => {
  expect(await printed('decode', '90', '0f')).toBe('1000  90          nop\n1001  truncated\n')
})

test('cpuid says where a feature is, which models have it, and what was meant by a misspelt one', async () => {
  const [sse, bmi, unknown] = (await printed('cpuid')).split('\n')
  expect(sse).toMatch(/^SSE4_2 \(.*\) is CPUID\.1H:0\.ECX\[20\], in .*x86-64-v2/)
  expect(bmi).toMatch(/^BMI2 \(.*\) is CPUID\.7H:0\.EBX\[8\], in /)
  expect(bmi).not.toContain('x86-64-v2')
  expect(unknown).toMatch(/^avx512 is no feature; did you mean AVX512\w+\?$/)
})

test('vcpu prints each exit of a few instructions: a port is written, then the processor halts', async () => {
  const [io, ...lines] = (await printed('vcpu')).split('\n')
  expect(io).toMatch(/^io at \w+ \{/)
  expect(lines.join('\n')).toContain('port: 16')
  expect(lines.join('\n')).toMatch(/^hlt at 1005 /m)
})

test("boot runs a command in the shell of Debian's kernel", async (context) => {
  try {
    await defaultGuest(() => {})
  } catch (error) {
    if (process.env['VMM_REQUIRE_GUESTS'] === '1') throw error
    return context.skip((error as Error).message)
  }
  expect(await printed('boot', 'echo $((6 * 7)); uname -m')).toBe('guest: 42\nguest: x86_64\n')
})
