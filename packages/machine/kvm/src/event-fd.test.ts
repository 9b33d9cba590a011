import { describe, expect, test } from 'vitest'
import { EventFd } from './event-fd.ts'

const most = (1n << 64n) - 1n

describe('an eventfd', () => {
  test('adds what is written, and a read takes all of it', () => {
    const fd = new EventFd({ initial: 2n })
    expect([fd.write(3n), fd.write(4n), fd.read(), fd.read()]).toEqual([undefined, undefined, 9n, 'EAGAIN'])
  })

  test('that is a semaphore gives one at a time', () => {
    const fd = new EventFd({ initial: 2n, reads: 'one' })
    expect([fd.read(), fd.read(), fd.read()]).toEqual([1n, 1n, 'EAGAIN'])
  })

  test('takes no more than it can hold', () => {
    const fd = new EventFd()
    expect([fd.write(most), fd.write(most - 1n), fd.write(1n)]).toEqual(['EINVAL', undefined, 'EAGAIN'])
    expect(fd.poll()).toEqual({ readable: true, writable: false, overflowed: false })
    fd.signal()
    fd.signal()
    expect(fd.poll().overflowed).toBe(true)
    expect(fd.read()).toBe(most)
  })

  test('tells who listens of every signal, and of nothing after the end', () => {
    const fd = new EventFd()
    const heard: (bigint | string)[] = []
    const stop = fd.listen({ signalled: (take) => heard.push(take()), closed: () => heard.push('closed') })
    fd.write(5n)
    fd.signal()
    expect(fd.poll()).toEqual({ readable: false, writable: true, overflowed: false })
    stop()
    fd.signal()
    fd.listen({ signalled: () => heard.push('again'), closed: () => heard.push('closed') })
    fd.close()
    fd.signal()
    expect(heard).toEqual([5n, 1n, 'closed'])
  })
})
