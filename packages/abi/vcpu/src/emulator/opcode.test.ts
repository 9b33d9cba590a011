import { type KernelVersion, profileOf } from '@vmm/rule'
import { expect, test } from 'vitest'
import { keptPromises } from '../kept-promises.ts'
import { readOpcode } from './opcode.ts'

const bytesOf = (text: string) => Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16))

/** Whether a release's emulator has an instruction of 64-bit mode, or of 32 bits. */
function has(text: string, release: KernelVersion = '6.12.0', long = true): boolean {
  const instruction = readOpcode(bytesOf(text), () => long)
  if (instruction === undefined) throw new Error('too short')
  return keptPromises(profileOf(release)).emulatorHas(instruction)
}

test.each([
  ['mov [rbx],eax', '89 03'],
  ['mov rax,[rbx], behind REX', '48 8b 03'],
  ['rep movsb', 'f3 a4 90'],
  ['lock cmpxchg8b [rbx]', 'f0 0f c7 0b'],
  ['add byte fs:[ebx],5', '64 67 80 03 05'],
  ['fnstcw [rbx]', 'd9 3b'],
  ['fnstsw [rbx]', 'dd 3b'],
  ['fxsave [rbx]', '0f ae 03'],
  ['movups xmm0,[rbx]', '0f 10 03'],
  ['movdqu [rbx],xmm0', 'f3 0f 7f 03'],
  ['movq [rbx],mm0', '0f 7f 03'],
  ['movbe eax,[rbx]', '0f 38 f0 03'],
  ['movsxd rax,[rbx]', '48 63 03'],
])('%s is emulated', (_, text) => {
  expect(has(text)).toBe(true)
})

test.each([
  ['fld qword [rbx]', 'dd 03'],
  ['fldcw [rbx]', 'd9 2b'],
  ['movss xmm0,[rbx]', 'f3 0f 10 03'],
  ['addps xmm0,[rbx]', '0f 58 03'],
  ['movq xmm0,[rbx]', 'f3 0f 7e 03'],
  ['movntq [rbx],mm0', '0f e7 03'],
  ['popcnt eax,[rbx]', 'f3 0f b8 03'],
  ['crc32 eax,[rbx]', 'f2 0f 38 f0 03'],
  ['ldmxcsr [rbx]', '0f ae 13'],
  ['xsave [rbx]', '0f ae 23'],
  ['pshufb xmm0,[rbx]', '66 0f 38 00 03'],
  ['pcmpestrm xmm0,[rbx],0', '66 0f 3a 60 03 00'],
  ['verr [rbx]', '0f 00 23'],
  ['vmovdqu ymm0,[rbx]', 'c5 fe 6f 03'],
  ['vmovdqu64 zmm0,[rbx]', '62 f1 fe 48 6f 03'],
  ['andn eax,eax,[rbx]', 'c4 e2 78 f2 03'],
])('%s is not', (_, text) => {
  expect(has(text)).toBe(false)
})

test('outside 64-bit mode the first byte of VEX may be that of LDS, which is emulated, and 63H is ARPL, which is not', () => {
  expect([has('c5 03', '6.12.0', false), has('c5 fe 6f 03', '6.12.0', false)]).toEqual([true, false])
  expect([has('c4 03', '6.12.0', false), has('63 03', '6.12.0', false)]).toEqual([true, false])
})

test('later releases emulate MOVBE of 16 bits, and then moves behind VEX', () => {
  const [movbe, vmovdqu, vaddps] = ['66 0f 38 f0 03', 'c5 fe 6f 03', 'c5 fc 58 03'] as const
  const having = (release: KernelVersion) => [movbe, vmovdqu, vaddps].map((text) => has(text, release))
  expect(having('5.4.0')).toEqual([false, false, false])
  expect(having('6.12.0')).toEqual([true, false, false])
  expect(having('7.0.0')).toEqual([true, true, false])
})

test('bytes that are no whole instruction are told as that', () => {
  expect(readOpcode(bytesOf('66 f3'), () => true)).toBeUndefined()
})
