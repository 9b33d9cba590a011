import { readFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { V86 } from 'v86'

const [image, megabytes] = process.argv.slice(2)
const bytes = readFileSync(image!)
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
const build = dirname(createRequire(import.meta.url).resolve('v86'))

const emulator = new V86({
  wasm_path: join(build, 'v86.wasm'),
  multiboot: { buffer },
  memory_size: Number(megabytes) << 20,
  // without it there is no local APIC
  acpi: true,
  autostart: true,
  disable_keyboard: true,
  disable_mouse: true,
  disable_speaker: true,
})
emulator.add_listener('serial0-output-byte', (byte: number) => void writeSync(1, Uint8Array.of(byte)))
