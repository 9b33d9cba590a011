/// <reference types="node" />
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode } from '@vmm/layout'
import { describe, expect, test } from 'vitest'
import { kvmStructs } from './structs.rows.ts'
import { kvmRegs, kvmVcpuEvents } from './structs.ts'

test.each(kvmStructs)('$name has the $bytes bytes that the kernel gives it', ({ codec, bytes }) => {
  expect(codec.size).toBe(bytes)
})

test('registers are read back from the bytes they were written to', () => {
  const names = Object.keys(kvmRegs.offset) as (keyof typeof kvmRegs.offset)[]
  const regs = Object.fromEntries(names.map((name, index) => [name, BigInt(index) << 58n])) as never
  expect(decode(kvmRegs, encode(kvmRegs, regs))).toEqual(regs)
})

test('events have the payload in the last eight bytes', () => {
  const events = { ...decode(kvmVcpuEvents, new Uint8Array(64)), exception_payload: 0x0102_0304_0506_0708n }
  expect([...encode(kvmVcpuEvents, events).subarray(56)]).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
})

const compiles = spawnSync('gcc', ['-fsyntax-only', '-x', 'c', '-'], { input: '#include <linux/kvm.h>\n' }).status === 0

describe.skipIf(!compiles)('a C compiler with the kernel’s headers agrees', () => {
  const fieldsOf = ({ codec, name }: (typeof kvmStructs)[number]) =>
    Object.keys(codec.offset).map((field) => [name, field] as const)

  const program = () => {
    const lines = kvmStructs.flatMap((struct) => [
      `printf("${struct.name} %zu\\n", sizeof(struct ${struct.name}));`,
      ...fieldsOf(struct).map(
        ([name, field]) => `printf("${name}.${field} %zu\\n", offsetof(struct ${name}, ${field}));`,
      ),
    ])
    return `#include <linux/kvm.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n${lines.join('\n')}\n}\n`
  }

  test('on the size of every struct and the place of every field', () => {
    const place = mkdtempSync(join(tmpdir(), 'vcpu-structs-'))
    try {
      writeFileSync(join(place, 'sizes.c'), program())
      execFileSync('gcc', ['-o', join(place, 'sizes'), join(place, 'sizes.c')])
      const printed = execFileSync(join(place, 'sizes'), { encoding: 'utf8' }).trim().split('\n')
      const ours = kvmStructs.flatMap(({ name, bytes, codec }) => [
        `${name} ${bytes}`,
        ...Object.entries(codec.offset).map(([field, offset]) => `${name}.${field} ${offset}`),
      ])
      expect(ours).toEqual(printed)
    } finally {
      rmSync(place, { recursive: true })
    }
  })
})
