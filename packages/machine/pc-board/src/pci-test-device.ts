import { likeSaved, type Saved } from '@vmm/device'
import { PciFunction } from '@vmm/pci'

type Space = 'mmio' | 'portio'

/** One of the tests of a window: which access it counts. */
interface CountedAccess {
  readonly number: number
  readonly name: string
  readonly offset: number
  readonly data: number
  readonly anyData: boolean
}

const kinds = ['no-eventfd', 'wildcard-eventfd', 'datamatch-eventfd'] as const
const spaces: readonly Space[] = ['mmio', 'portio']
const firstOffset = { mmio: 2048, portio: 128 } as const
const nameOffset = 16

const tests: readonly CountedAccess[] = spaces.flatMap((space, half) =>
  kinds.map((kind, index) => {
    const number = half * kinds.length + index
    const anyData = kind === 'wildcard-eventfd'
    const name = `${space}-${kind}`
    return { number, name, offset: firstOffset[space] + number, data: anyData ? 0xce : 0xfa, anyData }
  }),
)

/**
 * QEMU's pci-testdev, placed as its firmware places it: a memory window at FEBFF000H and an I/O window at C000H. Writing a
 * number to the first byte of a window chooses a test; the window then shows its header, and counts the writes it names.
 * Source: QEMU, docs/specs/pci-testdev.rst.
 */
export function createPciTestDevice(): PciFunction {
  let current = -1
  let count = 0
  const read = (offset: number, size: number) => {
    const bytes = headerOf(tests[current], count)
    let value = 0
    for (let index = size - 1; index >= 0; index--) value = (value << 8) | (bytes[offset + index] ?? 0)
    return value >>> 0
  }
  const writeTo = (half: number) => (offset: number, _: number, value: number) => {
    const byte = value & 0xff
    const test = tests[current]
    if (offset === 0) {
      current = byte < kinds.length ? half * kinds.length + byte : -1
      count = 0
    } else if (offset === test?.offset && (test.anyData || test.data === byte)) count = (count + 1) >>> 0
  }
  const reset = () => {
    current = -1
    count = 0
  }
  return new PciFunction({
    name: 'pci-testdev',
    vendor: 0x1b36,
    device: 0x0005,
    classCode: 0x00_ff00,
    subsystem: { vendor: 0x1af4, device: 0x1100 },
    bars: [
      { kind: 'memory', size: 0x1000, at: 0xfebf_f000, access: { read, write: writeTo(0) } },
      { kind: 'io', size: 0x100, at: 0xc000, access: { read, write: writeTo(1) } },
    ],
    content: {
      reset,
      save: (): Saved => ({ current, count }),
      restore: (saved) => {
        const state = likeSaved('pci-testdev', { current: 0, count: 0 }, saved)
        current = state.current
        count = state.count
      },
    },
  })
}

/** Test number, access width, offset, data, count and name, as a guest sees them; nothing while no test is chosen. */
function headerOf(test: CountedAccess | undefined, count: number): Uint8Array {
  if (test === undefined) return new Uint8Array(0)
  const bytes = new Uint8Array(nameOffset + test.name.length + 1)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, test.number)
  view.setUint8(1, 1)
  view.setUint32(4, test.offset, true)
  view.setUint8(8, test.data)
  view.setUint32(12, count, true)
  for (let index = 0; index < test.name.length; index++) bytes[nameOffset + index] = test.name.charCodeAt(index)
  return bytes
}
