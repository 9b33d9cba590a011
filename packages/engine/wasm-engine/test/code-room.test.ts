import { assembler, eax, ebx, ecx, edi, edx, mem8, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import type { Engine, HotOptions } from '../src/index.ts'
import { codeAt, ranFlat32 } from './flat32.ts'

const madeAt = 0x10_0000
const pageBytes = 0x1000
const functions = 96
const calls = 40

/** ADD EAX, the number of the page; IMUL EAX, EDX; LEA EAX, [EAX+EBX]; RET: what the guest writes to each page. */
const made = (a: ReturnType<typeof assembler>) =>
  a
    .label('template')
    .add(eax, 0x1234_5678)
    .imul(eax, edx)
    .lea(eax, mem32({ base: ebx, displacement: 3 }))
    .ret()

/** A guest that makes a function on each of many pages, calls it many times, and then calls all of them again, more than once. */
function program(): Uint8Array {
  const a = assembler({ origin: codeAt, codeSize: 32 })
  a.mov(edi, madeAt).mov(edx, 0x9e37_79b1).label('make')
  // the bytes of the template go where EDI points, and its immediate becomes the address
  const template = templateBytes()
  for (const [at, byte] of template.entries()) a.mov(mem8({ base: edi, displacement: at }), byte)
  a.mov(mem32({ base: edi, displacement: 1 }), edi)
  a.mov(ecx, calls).label('call').mov(ebx, eax).call(edi).dec(ecx).jnz('call')
  a.add(edi, pageBytes)
    .cmp(edi, madeAt + functions * pageBytes)
    .jne('make')
  a.mov(ecx, 3 * calls)
    .label('again')
    .mov(edi, madeAt)
  a.label('each')
    .mov(ebx, eax)
    .call(edi)
    .add(edi, pageBytes)
    .cmp(edi, madeAt + functions * pageBytes)
    .jne('each')
  a.dec(ecx).jnz('again').hlt()
  return a.finish().bytes
}

function templateBytes(): readonly number[] {
  const a = assembler({ origin: 0, codeSize: 32 })
  made(a)
  return [...a.finish().bytes]
}

const ran = (hot: HotOptions | false): Engine =>
  ranFlat32(program(), { hot, slice: 100_000, bytes: madeAt + functions * pageBytes })

const stateOf = (engine: Engine) => ({
  retired: engine.retired(),
  rip: engine.get('RIP'),
  flags: engine.rflags(),
  registers: Array.from({ length: 8 }, (_, index) => engine.gpr(index)),
  memory: Buffer.from(engine.physical(0)!).toString('latin1'),
})

const interpreted = stateOf(ran(false))

test.each([
  ['there is room for all of it', undefined],
  ['there is room for part of it', 400_000],
  ['there is hardly any room', 40_000],
  ['there is none', 0],
])('code that a guest makes on many pages runs as if interpreted, where %s', (_, bytesAtMost) => {
  const engine = ran({ threshold: 8, batch: 4, ...(bytesAtMost === undefined ? {} : { bytesAtMost }) })
  expect(stateOf(engine)).toEqual(interpreted)
  const { regionsCompiled, regionsEvicted, evictions, instructions } = engine.machine.statistics()
  expect(instructions.hot).toBeGreaterThan(0)
  expect(regionsCompiled).toBeGreaterThan(functions / 2)
  if (bytesAtMost === undefined) expect(regionsEvicted).toBe(0)
  else expect(regionsEvicted).toBeGreaterThan(functions / 4)
  expect(evictions).toBe(0)
})
