import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nobodyAround } from '@vmm/x86-semantics'
import { Engine } from '../src/index.ts'

const [folder, handlers = '256', ends] = process.argv.slice(2) as [string, string | undefined, 'ends' | undefined]
/** PSHUFD of XMM0 with so many immediates, which has a handler of its own each time. */
const shuffles = Array.from(
  { length: Number(handlers) },
  (_, order) => `660f70c0${order.toString(16).padStart(2, '0')}`,
).join('')
/** mov rax, 3; mov rcx, 7; mov rdx, 5; div rcx; hlt: the dividend takes 128 bits, so that a procedure divides it. */
const code = `${shuffles}48c7c00300000048c7c10700000048c7c20500000048f7f1f4`
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16))

// what is emitted is kept in a folder; it says on stdout how a division in 64-bit code has gone, and what was of use
const fileOf = (name: string) => join(folder, name.replaceAll(' ', '-'))
let found = 0
const engine = new Engine({
  slots: [{ address: 0, bytes: 0x1_0000 }],
  ports: nobodyAround,
  emitted: {
    find: (name) => {
      if (!existsSync(fileOf(name))) return undefined
      found += 1
      return new Uint8Array(readFileSync(fileOf(name)))
    },
    keep: (name, bytes) => writeFileSync(fileOf(name), bytes),
    ...(ends && { atEnd: (_: string, last: () => void) => void process.once('exit', last) }),
  },
})
engine.writePhysical(0x1000, bytesOf(code))
// the first 2 MiB are mapped to themselves
for (const [address, entry] of [
  [0x2000, 0x3003n],
  [0x3000, 0x4003n],
  [0x4000, 0x83n],
] as const)
  engine.writePhysical(address, new Uint8Array(BigUint64Array.of(entry).buffer))
for (const [field, value] of [
  ['CR3', 0x2000n],
  ['CR4', 0x220n],
  ['IA32_EFER', 0x500n],
  ['CR0', 0x8000_0001n],
  ['PHYSICAL_MASK', (1n << 46n) - 1n],
  ['CS.access', 0xa09bn],
  ['RIP', 0x1000n],
] as const)
  engine.set(field, value)
engine.flushTranslations()
const { kind } = engine.run(1000)
const { modules } = engine.machine.statistics()
process.stdout.write(`${kind} ${engine.gpr(0)} ${engine.gpr(2)} found ${found} compiled ${modules}`)
