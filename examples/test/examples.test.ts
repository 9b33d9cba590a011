import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { defaultGuest } from '@vmm/runner/default-guest'
import { withScratch } from '@vmm/scratch'
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

test('vmcs tells what of a VMCS is wrong, for the processor and for KVM, which leaves some of it to the processor', async () => {
  expect((await printed('vmcs')).replaceAll(/: .+/g, '')).toBe(
    [
      ...['the processor does not enter it:', '  host-code-and-task', '  rflags-reserved'],
      ...['KVM 6.1 does not enter it:', '  nested-vmx-host-no-code', ''],
    ].join('\n'),
  )
  expect(await printed('vmcs', 'GUEST_FLAGS=0', 'GUEST_RFLAGS=0x202')).toBe(
    'GUEST_FLAGS is no field of a VMCS\nthe processor enters it\nKVM 6.1 enters it\n',
  )
})

test('vmcs-fuzzer counts the bits that KVM refuses, and those that only the processor does', async () => {
  const lines = (await printed('vmcs-fuzzer')).split('\n')
  expect(lines).toContain('16\tGUEST_CR3, only the processor: guest-cr3')
  expect(lines).toContain('1\tGUEST_CR4, KVM: nested-vmx-guest-long-mode')
  expect(lines.at(-2)).toBe('192\tbits were flipped')
})

test('nested-state tells what the bytes of a nested state say, of a file, too', async () => {
  const told = 'L2 was at 0x1234, and left last for IO_INSTRUCTION: size: 1 byte, port: 0x3f8\n'
  expect(await printed('nested-state')).toBe(`flags: none\nVMXON region 0x1000, current VMCS 0x2000\n${told}`)
  await withScratch('nested-state', async (place) => {
    const path = join(place, 'state')
    writeFileSync(path, new Uint8Array(128).fill(1, 0, 1))
    expect(await printed('nested-state', path)).toBe('flags: GUEST_MODE\nVMXON region 0x0, current VMCS 0x0\n')
  })
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
