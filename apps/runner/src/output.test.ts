import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Output, Outputs } from './output.ts'

const directory = mkdtempSync(join(tmpdir(), 'vmm-output-'))
afterAll(() => rmSync(directory, { recursive: true }))

const never = () => false

/** Two outputs that end up in one file, and what is in it. */
function twoInOne(name: string) {
  const path = join(directory, name)
  const descriptors = [openSync(path, 'a'), openSync(path, 'a')] as const
  const [first, second] = descriptors.map((descriptor) => new Output(descriptor)) as [Output, Output]
  const outputs = new Outputs()
  const put = (output: Output, text: string) => {
    for (const byte of Buffer.from(text)) outputs.put(output, byte)
  }
  const close = () => descriptors.forEach(closeSync)
  return { first, second, outputs, put, close, text: () => readFileSync(path, 'utf8') }
}

test('what goes to two outputs is written in the order in which it came', async () => {
  const { first, second, outputs, put, close, text } = twoInOne('order')
  put(first, 'a'.repeat(5000))
  put(second, 'b')
  put(first, 'c')
  await outputs.drain(never)
  put(second, 'd')
  put(first, 'e')
  await outputs.drain(never)
  close()
  expect(text()).toBe(`${'a'.repeat(5000)}bcde`)
})

test('an output knows whether it is between two lines', async () => {
  const { first, outputs, put, close } = twoInOne('lines')
  const seen = [first.isBetweenLines]
  for (const piece of ['a', '\n']) {
    put(first, piece)
    seen.push(first.isBetweenLines)
  }
  put(first, 'x')
  await outputs.drain(never)
  seen.push(first.isBetweenLines)
  close()
  expect(seen).toEqual([true, false, true, true])
})

test('what nobody can take is forgotten, with the reason', async () => {
  const descriptor = openSync('/dev/full', 'w')
  const output = new Output(descriptor)
  const outputs = new Outputs()
  outputs.put(output, 1)
  await outputs.drain(never)
  outputs.put(output, 2)
  await outputs.drain(never)
  closeSync(descriptor)
  expect([output.closed, output.failure, output.isBetweenLines]).toEqual([true, 'no space left', true])
})
