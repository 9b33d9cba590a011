import { expect, test } from 'vitest'
import { Keyboard } from './keyboard.ts'
import type { SerialLine } from './machine-port.ts'

function typed(keys: string, room = 1000) {
  const did: string[] = []
  const note = (what: string) => () => void did.push(what)
  const keyboard = new Keyboard({ quit: note('quit'), help: note('help'), status: note('status') })
  keyboard.take(Buffer.from(keys))
  let got = ''
  const line: SerialLine = {
    room,
    polled: false,
    receive: (bytes) => {
      got += Buffer.from(bytes).toString('latin1')
      return bytes.length
    },
  }
  keyboard.feed(line)
  return { did, got, keyboard, line, all: () => got }
}

test('keys go to the guest, Ctrl-C, Ctrl-D and Ctrl-Z too', () => {
  expect(typed('ls\r\u0003\u0004\u001a').got).toBe('ls\r\u0003\u0004\u001a')
})

test.each([
  ['x', 'quit'],
  ['h', 'help'],
  ['s', 'status'],
])('Ctrl-A %s is not for the guest: %s', (key, what) => {
  const { did, got } = typed(`a\u0001${key}b`)
  expect([did, got]).toEqual([[what], 'ab'])
})

test.each(['\u0001a', '\u0001\u0001'])('%j sends Ctrl-A', (keys) => {
  expect(typed(keys).got).toBe('\u0001')
})

test('other keys after Ctrl-A do nothing', () => {
  expect(typed('\u0001qq')).toMatchObject({ did: [], got: 'q' })
})

test('what the line does not take is kept', () => {
  const { keyboard, line, all } = typed('abcdef', 4)
  expect([all(), keyboard.awaited]).toEqual(['abcd', false])
  keyboard.feed(line)
  expect([all(), keyboard.awaited]).toEqual(['abcdef', true])
})
