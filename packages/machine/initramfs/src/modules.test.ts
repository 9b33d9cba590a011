import { expect, test } from 'vitest'
import { chooseModules, type Module, moduleDepends, moduleName, modulesDep } from './index.ts'
import { encodeText } from './text.ts'

/** A 64-bit ELF file with these sections. */
function elf(sections: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const all = Object.entries(sections)
  const names = encodeText(`\0${all.map(([name]) => `${name}\0`).join('')}.shstrtab\0`)
  const contents = [...all.map(([, content]) => content), names]
  const table = 64 + contents.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Uint8Array(table + 64 * contents.length)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  const v = new DataView(bytes.buffer)
  v.setBigUint64(40, BigInt(table), true)
  v.setUint16(60, contents.length, true)
  v.setUint16(62, contents.length - 1, true)
  let [offset, name] = [64, 1]
  contents.forEach((content, index) => {
    bytes.set(content, offset)
    const at = table + index * 64
    v.setUint32(at, name, true)
    v.setBigUint64(at + 24, BigInt(offset), true)
    v.setBigUint64(at + 32, BigInt(content.length), true)
    offset += content.length
    name += (all[index]?.[0].length ?? 0) + 1
  })
  return bytes
}

const needing = (...names: readonly string[]): Uint8Array =>
  elf({
    '.text': encodeText('depends=no\0'),
    '.modinfo': encodeText(`license=GPL\0depends=${names.join(',')}\0intree=Y\0`),
  })

const modules: readonly Module[] = [
  { path: 'kernel/a.ko', content: needing('c-d', 'b') },
  { path: 'kernel/b.ko', content: needing('c_d') },
  { path: 'kernel/c-d.ko', content: needing() },
  { path: 'kernel/e.ko.xz', content: needing('a') },
]
const paths = modules.map(({ path }) => path)
const contentOf = (path: string): Uint8Array => modules.find((module) => module.path === path)!.content

test('what a module needs is in its .modinfo section, and nowhere else', () => {
  expect(moduleDepends(needing('b', 'c_d'))).toEqual(['b', 'c_d'])
  expect(moduleDepends(needing())).toEqual([])
  expect(moduleDepends(elf({ '.text': encodeText('depends=a\0') }))).toEqual([])
})

test('a file that is no module needs nothing, wherever it is cut', () => {
  const whole = needing('b')
  const answers = Array.from({ length: whole.length }, (_, length) => moduleDepends(whole.subarray(0, length)))
  expect(answers.flat()).toEqual([])
})

test('a module is named by its file, with underscores', () => {
  expect(['kernel/kvm-intel.ko', 'a/virtio_net.ko.xz'].map(moduleName)).toEqual(['kvm_intel', 'virtio_net'])
})

test('what is wanted comes after what it needs, once each', () => {
  const chosen = chooseModules(paths, ['a', 'b', 'built-in'], contentOf)
  expect(chosen.map(({ path }) => path)).toEqual(['kernel/c-d.ko', 'kernel/b.ko', 'kernel/a.ko'])
})

test('modules.dep read backwards is an order to load in', () => {
  expect(modulesDep(modules).split('\n')).toEqual([
    'kernel/a.ko: kernel/b.ko kernel/c-d.ko',
    'kernel/b.ko: kernel/c-d.ko',
    'kernel/c-d.ko:',
    'kernel/e.ko.xz: kernel/a.ko kernel/b.ko kernel/c-d.ko',
    '',
  ])
})

test('modules that need one another are still listed', () => {
  const circle = [
    { path: 'x.ko', content: needing('y') },
    { path: 'y.ko', content: needing('x') },
  ]
  expect(modulesDep(circle)).toBe('x.ko: y.ko\ny.ko: x.ko\n')
})
