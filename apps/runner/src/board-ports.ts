import type { PortRange } from '@vmm/device'
import type { PcDevices } from '@vmm/pc-board'

/** What the ports of a board are attached with. */
export interface BoardPortsOptions {
  /** The devices, once they are made. */
  readonly devices: () => PcDevices
  /** A device that has something to do in time, or for the machine, has been accessed. */
  readonly onAccess: () => void
}

/**
 * All ports of a machine but those of controllers in the kernel, as one range of its bus there: they are answered without coming
 * back from KVM_RUN. Where no device is, ports read as all ones and swallow what is written.
 */
export function boardPorts({ devices, onAccess }: BoardPortsOptions): PortRange {
  /** Of a single byte for nobody, nobody needs to know. */
  const isHeard = (port: number, size: number) => size > 1 || devices().ports.claims(port)
  return {
    first: 0,
    count: 0x1_0000,
    read: (port, size) => {
      const value = devices().ports.read(port, size)
      if (isHeard(port, size)) onAccess()
      return value
    },
    ignores: (port) => !isHeard(port, 1),
    write: (port, size, value) => {
      devices().ports.write(port, size, value)
      if (isHeard(port, size)) onAccess()
    },
  }
}
