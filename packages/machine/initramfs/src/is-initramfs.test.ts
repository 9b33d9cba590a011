import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { cpio } from './cpio.ts'
import { isInitramfs } from './is-initramfs.ts'

const archive = cpio([{ kind: 'directory', path: 'etc' }])

test.each([
  ['an archive', archive],
  ['an archive behind padding', Buffer.concat([Buffer.alloc(512), archive])],
  ['what gzip made of one', gzipSync(archive)],
  ['what zstd made of one', zstdCompressSync(archive)],
])('%s is an initramfs', (_, bytes) => {
  expect(isInitramfs(bytes)).toBe(true)
})

test.each([
  ['nothing', ''],
  ['zeros', '\0'.repeat(512)],
  ['text', '#!/bin/sh\n'],
  ['a program', '\u007fELF'],
  ['an archive of another kind', '070707'],
])('%s is none', (_, text) => {
  expect(isInitramfs(Buffer.from(text, 'latin1'))).toBe(false)
})
