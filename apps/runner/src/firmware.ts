import type { KvmIoBus } from '@vmm/kvm'

/** ICW1 to ICW4 and the mask: interrupts 8 and 70H on, everything masked but the cascade and line 11, where PCI interrupts are. */
const pics = [
  [0x20, 0x11, 0x08, 0x04, 0x01, 0xfb],
  [0xa0, 0x11, 0x70, 0x02, 0x01, 0xf7],
] as const

/** Each counter in mode 3, from 65536 down. */
const counters = [
  [0x40, 0x36],
  [0x41, 0x76],
  [0x42, 0xb6],
] as const
const timerControl = 0x43

/**
 * What firmware has done with interrupt controllers and timer before it starts a kernel.
 * Source: SeaBIOS, src/hw/pic.c and src/hw/timer.c.
 */
export function programControllers(io: KvmIoBus): void {
  for (const [port, first, ...rest] of pics) {
    io.write(port, 1, first)
    for (const word of rest) io.write(port + 1, 1, word)
  }
  for (const [port, control] of counters) {
    io.write(timerControl, 1, control)
    io.write(port, 1, 0)
    io.write(port, 1, 0)
  }
}
